"""Make one brief's video: preflight, check, branch on the verdict, submit, collect."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from blocks import ModelStudioCredentials
from flows.coming_back import come_back
from flows.ending import ended, subjects_of
from flows.newest_brief import Beside, newest_brief
from flows.parameters import Credentials, MaxCny, Out, explained, load_credentials
from greenlight.briefs import Brief
from greenlight.drives import Drives, examine_drives
from greenlight.errors import InputError, OverBudget
from greenlight.filming.orders import needs_template, order_template, order_video
from greenlight.filming.planning import Plan, Planner
from greenlight.holding import alone
from greenlight.ledger import Job, JobState, Ledger
from greenlight.modelstudio.family import Family, Verdict
from greenlight.portraits.media import Motion
from greenlight.portraits.pictures import Portrait, examine
from greenlight.reports import (
    FilmReport,
    report_job,
    report_over_budget,
    report_refused_by_budget,
    report_rejection,
    report_template,
    report_waiting,
)
from greenlight.settings import read_settings
from greenlight.videos.s3 import require_bucket
from greenlight.videos.storing import is_in_s3, require_place
from greenlight.videos.taken import require_free
from greenlight.wording import visible
from tasks import collect_video, detect, make_motion_template, submit_video
from tasks.artifacts import show_portrait
from tasks.events import tell_budget_spent
from tasks.reasons import opinions_on
from tasks.results import require_result_store
from tasks.services import ledger_of

WAIT_SECONDS = 3.25 * 3600
"""The vendor fails a task that is not finished after 3 hours."""


def run_name(brief: Brief) -> str:
    """Return what people know the run of a brief by: `anna.png · emo`."""
    name = brief.portrait.partition("?")[0].rsplit("/", 1)[-1]
    return f"{visible(name)} · {', '.join(brief.models)}"


def _run_name() -> str:
    return run_name(Brief.model_validate(flow_run.parameters["brief"]))


@flow(name="portrait-to-video", flow_run_name=_run_name)
async def portrait_to_video(
    brief: Annotated[
        Brief,
        explained(title="Brief", description="What to film: portrait, sound or motion, models."),
    ],
    out: Out = None,
    wait_seconds: Annotated[
        float,
        explained(
            title="Wait in seconds",
            ge=0,
            description="How many seconds to wait for the video; 0: not.",
        ),
    ] = WAIT_SECONDS,
    max_cny: MaxCny = None,
    beside: Annotated[
        Beside | None,
        explained(
            title="Beside the portrait",
            description="Set by uploads and sweeps: what lies there is looked at once more and decides.",
        ),
    ] = None,
    credentials: Credentials = None,
) -> State[FilmReport]:
    """Film a portrait with the first of its models whose check it passes.

    A refusal ends as `Completed` named Rejected, with its reason; a video that is not ready in time as
    Filming, and running the same brief again goes on with it. What is wrong with the brief raises before
    anything is paid.
    """
    await require_result_store()
    brief.check_parameters_are_known()
    block = await load_credentials(credentials)
    place = out or str(read_settings().videos)
    if beside is None:
        return await _film(brief, place, wait_seconds, max_cny, block)
    # One at a time: another run of the same portrait may have another brief, and must see this one's job.
    async with alone(_ledger(), f"film {block.service} {brief.portrait}"):
        newest = await newest_brief(brief, beside, ledger=_ledger(), service=block.service)
        if isinstance(newest, FilmReport):
            return await _finish(newest, await examine(brief.portrait), brief)
        return await _film(newest, place, wait_seconds, max_cny, block)


async def _film(
    brief: Brief,
    place: str,
    wait_seconds: float,
    max_cny: float | None,
    block: ModelStudioCredentials,
) -> State[FilmReport]:
    portrait, drives = await asyncio.gather(examine(brief.portrait), examine_drives(brief))
    if brief.sound or brief.motion:
        await asyncio.to_thread(_require_place, place)
    work = _Work(brief, portrait, drives, place, wait_seconds, max_cny, block)
    await work.require_free_place()
    report = await work.over_budget() or await work.film()
    return await _finish(report, portrait, brief)


def _require_place(out: str) -> None:
    if is_in_s3(out):
        require_bucket(out)
    else:
        require_place(Path(out))


def _ledger() -> Ledger:
    return ledger_of(read_settings().ledger_url)


@dataclass(frozen=True, slots=True)
class _Work:
    """One brief with all that was found out about it before anything is paid."""

    brief: Brief
    portrait: Portrait
    drives: Drives
    out: str
    wait_seconds: float
    max_cny: float | None
    block: ModelStudioCredentials

    async def over_budget(self) -> FilmReport | None:
        """Return a report if the brief could come to more than it may, before its check is paid."""
        if self.max_cny is None:
            return None
        allowed_cny = Decimal(str(self.max_cny))
        plan = await self._plan()
        return report_over_budget(plan, allowed_cny) if plan.price_cny > allowed_cny else None

    async def require_free_place(self) -> None:
        """Raise an `InputError` if something lies where a video would go that is still to be paid."""
        try:
            await asyncio.to_thread(require_free, self.out)
        except InputError:
            # What is paid already may lie there itself; if another does, storing or copying says so.
            if (await self._plan()).price_cny:
                raise

    async def _plan(self) -> Plan:
        planner = Planner(
            brief=self.brief,
            portrait=self.portrait,
            drives=self.drives,
            service=self.block.service,
            ledger=_ledger(),
        )
        return await planner.plan()

    async def film(self) -> FilmReport:
        """Check with one model after the other, and film with the first that passes the portrait."""
        verdicts: list[Verdict] = []
        try:
            return await self._film(verdicts)
        except OverBudget as error:
            tell_budget_spent(error, service=self.block.service)
            return report_refused_by_budget(error, verdicts)

    async def _film(self, verdicts: list[Verdict]) -> FilmReport:
        for family in self.brief.families():
            verdict = await self._detect(family)
            verdicts.append(verdict)
            if not verdict.passed:
                continue
            if self.drives.of(family) is None:
                return report_waiting(family, verdicts)
            return await self._order(family, verdicts)
        opinions = await opinions_on(self.portrait, verdicts)
        return report_rejection(verdicts, {model: str(one) for model, one in opinions.items()})

    async def _detect(self, family: Family) -> Verdict:
        return await detect(
            self.portrait,
            self.brief.question(family),
            explain=True,
            max_cny=self.max_cny,
            credentials=self.block,
        )

    async def _order(self, family: Family, verdicts: list[Verdict]) -> FilmReport:
        drive = self.drives.of(family)
        assert drive is not None  # noqa: S101 - `film` asked
        order = order_video(self.brief, family, self.portrait, verdicts[-1], drive, out=self.out)
        if needs_template(order):
            assert isinstance(drive, Motion)  # noqa: S101 - `needs_template` asked
            template: Job = await make_motion_template(
                order_template(self.brief, family, drive),
                wait_seconds=self.wait_seconds,
                max_cny=self.max_cny,
                credentials=self.block,
            )
            if template.state is not JobState.SUCCEEDED:
                is_made = template.state is JobState.SUBMITTED
                later = await come_back(template) if is_made else ""
                return report_template(template, verdicts, later=later)
            order = order.model_copy(update={"template_id": template.template_id})
        job, was_sent = await submit_video(order, max_cny=self.max_cny, credentials=self.block)
        if job.state in {JobState.SUBMITTED, JobState.SUCCEEDED}:
            job = await collect_video(
                job, out=self.out, wait_seconds=self.wait_seconds, credentials=self.block
            )
        return report_job(job, verdicts, cached=not was_sent, note=order.note)


async def _finish(report: FilmReport, portrait: Portrait, brief: Brief) -> State[FilmReport]:
    """Show how it ended and return the state that says so, with what this run cost and tags for lists."""
    run_id = str(flow_run.id or "")
    report.cost_cny = await asyncio.to_thread(_ledger().cost_of_run_cny, run_id)
    await show_portrait(portrait, report)
    subjects = subjects_of(brief.models, [brief.portrait])
    return await ended(report.state, report.message, report, [report.state], subjects)
