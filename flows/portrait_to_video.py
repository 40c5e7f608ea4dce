"""Make one brief's video: preflight, check, branch on the verdict, submit, collect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from blocks import ModelStudioCredentials
from flows.advice import in_prefect
from flows.coming_back import come_back
from flows.ending import ended, subjects_of
from flows.parameters import Beside, Credentials, MaxCny, Out, explained, load_credentials
from greenlight.briefs.brief import Brief
from greenlight.errors import OverBudget
from greenlight.filming.orders import TemplateOrder, VideoOrder
from greenlight.ledger import Budget, Job, JobState, Ledger
from greenlight.media.subjects import Subject, examine_subject
from greenlight.modelstudio.catalog import LONGEST_JOB_SECONDS
from greenlight.modelstudio.family import Verdict
from greenlight.modelstudio.question import Question
from greenlight.paying.holding import alone
from greenlight.paying.spending import spending
from greenlight.settings import read_settings
from greenlight.wording import visible
from greenlight.work import Case, Check, Film, MakeTemplate, Refused, Waiting, next_step
from greenlight.work.beforehand import what_ends_it
from greenlight.work.bundles.newest import newest_brief
from greenlight.work.case import examine_case
from greenlight.work.planning import Planner
from greenlight.work.reports import (
    FilmReport,
    report_job,
    report_refused_by_budget,
    report_rejection,
    report_template,
    report_waiting,
)
from tasks import collect_video, detect, make_motion_template, submit_video
from tasks.artifacts import show_subject
from tasks.events import tell_budget_spent
from tasks.reasons import opinions_on
from tasks.results import require_result_store
from tasks.services import ledger_of


def run_name(brief: Brief) -> str:
    """Return what people know the run of a brief by: `anna.png · emo`."""
    name = brief.subject.partition("?")[0].rsplit("/", 1)[-1]
    return f"{visible(name)} · {', '.join(brief.models)}"


def _run_name() -> str:
    return run_name(Brief.model_validate(flow_run.parameters["brief"]))


@flow(name="portrait-to-video", flow_run_name=_run_name)
async def portrait_to_video(
    brief: Annotated[
        Brief,
        explained(
            title="Brief", description="What to film: portrait or clip, sound or motion, models."
        ),
    ],
    out: Out = None,
    wait_seconds: Annotated[
        float,
        explained(
            title="Wait in seconds",
            ge=0,
            description="How long to wait for the video; 0 does not wait.",
        ),
    ] = LONGEST_JOB_SECONDS,
    max_cny: MaxCny = None,
    beside: Annotated[
        Beside | None,
        explained(
            title="Beside the portrait",
            description="Sidecar files (set by uploads and sweeps): re-read just before filming.",
        ),
    ] = None,
    promise: Annotated[
        int | None,
        explained(
            title="Promise",
            description="Set by uploads and sweeps with a budget: the part of it that pays for this run.",
        ),
    ] = None,
    credentials: Credentials = None,
) -> State[FilmReport]:
    """Film a portrait or a clip with the first of its models whose check it passes.

    A refusal ends as `Completed` named Rejected, with its reason; a video that is not ready in time as
    Filming, and running the same brief again goes on with it. What is wrong with the brief raises before
    anything is paid.
    """
    await require_result_store()
    brief.check_parameters_are_known()
    block = await load_credentials(credentials)
    place = out or str(read_settings().videos)
    film = partial(_film, place=place, wait_seconds=wait_seconds, max_cny=max_cny, block=block)
    try:
        async with spending(_ledger(), promise, str(flow_run.id or "")):
            return await _film_newest(brief, beside, block.service, film)
    except OverBudget as error:
        # Its promise was released meanwhile, and there is no room for it any more.
        tell_budget_spent(error, service=block.service)
        report = report_refused_by_budget(error, [])
    return await _finish(report, await examine_subject(brief.subject, brief.role), brief)


async def _film_newest(
    brief: Brief,
    beside: Beside | None,
    service: str,
    film: Callable[[Brief], Awaitable[State[FilmReport]]],
) -> State[FilmReport]:
    """Film what the brief has become meanwhile, where it is made of what is beside its subject."""
    if beside is None:
        return await film(brief)
    ledger = _ledger()
    surveyor = beside.surveyor(ledger, service)
    # One at a time: another run of the same subject may have another brief, and must see this one's job.
    async with alone(ledger, f"film {service} {brief.subject}"):
        newest = await newest_brief(brief, surveyor)
        if isinstance(newest, FilmReport):
            return await _finish(newest, await examine_subject(brief.subject, brief.role), brief)
        return await film(newest)


async def _film(
    brief: Brief,
    *,
    place: str,
    wait_seconds: float,
    max_cny: float | None,
    block: ModelStudioCredentials,
) -> State[FilmReport]:
    case = await examine_case(brief, place)
    planner = Planner(case=case, service=block.service, ledger=_ledger())
    budget = Budget.of_run(str(flow_run.id or ""), max_cny)
    report = await what_ends_it(planner, budget)
    if report is None:
        report = await _Work(case, wait_seconds, max_cny, block).film()
    return await _finish(report, case.subject, brief)


def _ledger() -> Ledger:
    return ledger_of(read_settings().ledger_url)


@dataclass(frozen=True, slots=True)
class _Work:
    """One brief on its way from its subject to the video."""

    case: Case
    wait_seconds: float
    max_cny: float | None
    block: ModelStudioCredentials

    async def film(self) -> FilmReport:
        """Check with one model after the other, and film with the first that passes."""
        try:
            return await self._film(self.case)
        except OverBudget as error:
            tell_budget_spent(error, service=self.block.service)
            return report_refused_by_budget(error, list(self.case.verdicts.values()))

    async def _film(self, case: Case) -> FilmReport:
        while True:
            match next_step(case):
                case Refused(verdicts):
                    opinions = await opinions_on(case.subject, verdicts)
                    return report_rejection(verdicts, opinions)
                case Waiting(family, verdicts):
                    return report_waiting(family, verdicts)
                case Check(question):
                    case.verdicts[question.family.name] = await self._detect(question)
                case MakeTemplate(order, verdicts):
                    template = await self._make_template(order)
                    if template.state is not JobState.SUCCEEDED:
                        return await _without_template(template, verdicts)
                    case.template_id = template.template_id
                case Film(order, verdicts):
                    return await self._order(order, verdicts)

    async def _detect(self, question: Question) -> Verdict:
        return await detect(
            self.case.subject,
            question,
            explain=True,
            max_cny=self.max_cny,
            credentials=self.block,
        )

    async def _make_template(self, order: TemplateOrder) -> Job:
        template: Job = await make_motion_template(
            order,
            wait_seconds=self.wait_seconds,
            max_cny=self.max_cny,
            credentials=self.block,
        )
        return template

    async def _order(self, order: VideoOrder, verdicts: list[Verdict]) -> FilmReport:
        job, was_sent = await submit_video(order, max_cny=self.max_cny, credentials=self.block)
        if job.state in {JobState.SUBMITTED, JobState.SUCCEEDED}:
            job = await collect_video(
                job, out=self.case.out, wait_seconds=self.wait_seconds, credentials=self.block
            )
        return report_job(job, verdicts, cached=not was_sent, notes=(order.note,))


async def _without_template(template: Job, verdicts: list[Verdict]) -> FilmReport:
    """Return the report of a template that is not made (yet); a run of its own comes back for it."""
    later = await come_back(template, _ledger()) if template.state is JobState.SUBMITTED else ""
    return report_template(template, verdicts, later=later)


async def _finish(report: FilmReport, subject: Subject, brief: Brief) -> State[FilmReport]:
    """Show how it ended and return the state that says so, with what this run cost and tags for lists."""
    run_id = str(flow_run.id or "")
    report = report.worded(in_prefect)
    report.cost_cny = await asyncio.to_thread(_ledger().cost_of_run_cny, run_id)
    await show_subject(subject, report)
    subjects = subjects_of(brief.models, [brief.subject])
    return await ended(report.state, report.message, report, [report.state], subjects)
