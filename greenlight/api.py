"""Check and film a portrait from Python, with what the environment sets and without Prefect."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from greenlight.briefs.brief import Brief
from greenlight.errors import OverBudget
from greenlight.filming.collecting import collect
from greenlight.filming.orders import Order
from greenlight.ledger import Job, JobState
from greenlight.media.subjects import Subject, examine_subject
from greenlight.modelstudio import catalog
from greenlight.modelstudio.catalog import LONGEST_JOB_SECONDS
from greenlight.modelstudio.family import Verdict
from greenlight.modelstudio.question import Question
from greenlight.modelstudio.retry import patiently
from greenlight.services import Services, connect
from greenlight.settings import Settings, read_settings
from greenlight.videos.taken import require_writable
from greenlight.work import Case, Check, Film, MakeTemplate, Refused, Waiting, next_step
from greenlight.work.drives import examine_drives
from greenlight.work.reports import (
    FilmReport,
    report_job,
    report_refused_by_budget,
    report_rejection,
    report_template,
    report_waiting,
)


async def check(
    subject: str,
    model: str = catalog.DEFAULT_FAMILY,
    *,
    ratio: str | None = None,
    deployment: str | None = None,
    fresh: bool = False,
    max_cny: float | None = None,
    settings: Settings | None = None,
) -> Verdict:
    """Return a model's verdict on a portrait (or clip, if it films one): a file, an http(s) address or `s3://bucket/key`.

    A known verdict costs nothing; `fresh` pays for a new one. `deployment` names your own deployment of the
    detector. Raises a `GreenlightError`, or a `ModelStudioError` for what the service answers.
    """
    family = catalog.family(model)
    question = Question.of(family, ratio=ratio, deployment=deployment)
    async with _connected(settings, max_cny) as services:
        found = await examine_subject(subject, family.subject)
        return await _verdict(services, found, question, fresh=fresh)


async def film(
    brief: Brief | str | None = None,
    *,
    out: Path | str | None = None,
    wait_seconds: float = LONGEST_JOB_SECONDS,
    max_cny: float | None = None,
    settings: Settings | None = None,
    **fields: Any,
) -> FilmReport:
    """Film a portrait or a clip with the first model of its brief that passes it, and say how that ended.

    `brief` is a `Brief`, or who is filmed, with the other `fields` of a brief, like `sound`; a field may say
    that too: `film(clip="anna.mp4", ...)`. The video is stored in
    `out`: a folder, `s3://bucket/prefix/` or an .mp4 file. The same brief again continues the same video and
    pays nothing more, so a wait that was too short loses nothing. `max_cny` is the limit for this call.
    Raises what `check` raises; a refusal, a spent budget and a failed video are reports.
    """
    wanted = _wanted(brief, fields)
    wanted.check_parameters_are_known()
    async with _connected(settings, max_cny) as services:
        subject, drives = await asyncio.gather(
            examine_subject(wanted.subject, wanted.role), examine_drives(wanted)
        )
        place = out or services.settings.videos
        if wanted.sound or wanted.motion:
            await asyncio.to_thread(require_writable, place)
        case = Case(wanted, subject, drives, str(place))
        try:
            report = await _Walk(services, case, wait_seconds).film()
        except OverBudget as error:
            report = report_refused_by_budget(error, list(case.verdicts.values()))
        spent_cny = await asyncio.to_thread(services.ledger.cost_of_run_cny, services.flow_run)
    return report.model_copy(update={"cost_cny": spent_cny})


def _wanted(brief: Brief | str | None, fields: dict[str, Any]) -> Brief:
    """Return the brief that is meant by what was given."""
    if isinstance(brief, Brief) and fields:
        raise TypeError(f"a Brief has its own {', '.join(fields)}")
    if isinstance(brief, Brief):
        return brief
    return Brief(**fields) if brief is None else Brief.about(brief, **fields)


@asynccontextmanager
async def _connected(settings: Settings | None, max_cny: float | None) -> AsyncIterator[Services]:
    """Connect for one call, which the ledger knows by a name of its own, so that its cost can be limited."""
    async with connect(settings or read_settings()) as services:
        yield replace(services, max_cny=max_cny, flow_run=str(uuid.uuid4()))


async def _verdict(
    services: Services, subject: Subject, question: Question, *, fresh: bool = False
) -> Verdict:
    screening = await patiently(
        lambda: services.screener.screen(
            subject,
            question.family,
            ratio=question.ratio,
            deployment=question.deployment,
            fresh=fresh,
        )
    )
    return screening.verdict


@dataclass(frozen=True, slots=True)
class _Walk:
    """One brief on its way from its subject to the video."""

    services: Services
    case: Case
    wait_seconds: float

    async def film(self) -> FilmReport:
        case = self.case
        while True:
            match next_step(case):
                case Refused(verdicts):
                    return report_rejection(verdicts)
                case Waiting(family, verdicts):
                    return report_waiting(family, verdicts)
                case Check(question):
                    verdict = await _verdict(self.services, case.subject, question)
                    case.verdicts[question.family.name] = verdict
                case MakeTemplate(order, verdicts):
                    template, _ = await self._made(order, out=None)
                    if template.state is not JobState.SUCCEEDED:
                        return report_template(template, verdicts)
                    case.template_id = template.template_id
                case Film(order, verdicts):
                    job, was_sent = await self._made(order, out=case.out)
                    return report_job(job, verdicts, cached=not was_sent, note=order.note)

    async def _made(self, order: Order, out: Path | str | None) -> tuple[Job, bool]:
        """Return an order's job after the wait, and whether this call sent its paying request."""
        filmer, client = self.services.filmer, self.services.client
        job, was_sent = await filmer.submit(
            order.new_job(client.service, flow_run=self.services.flow_run),
            lambda: order.request(client, self.services.settings.delivery),
            starts_per_second=order.model.starts_per_second,
        )
        return await collect(filmer, job, out, wait_seconds=self.wait_seconds), was_sent
