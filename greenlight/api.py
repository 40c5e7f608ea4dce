"""Check, film and sweep from Python, with what the environment sets and without Prefect."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from greenlight.briefs.brief import Brief
from greenlight.media.subjects import examine_subject
from greenlight.modelstudio import catalog
from greenlight.modelstudio.catalog import LONGEST_JOB_SECONDS
from greenlight.modelstudio.family import Verdict
from greenlight.modelstudio.question import Question
from greenlight.services import Services, connect
from greenlight.settings import Settings, read_settings
from greenlight.work.bundles import BriefDefaults, Need
from greenlight.work.bundles.briefing import NEEDS
from greenlight.work.bundles.here import Here
from greenlight.work.bundles.output import refuse_output_within
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.bundles.work import BundleWork
from greenlight.work.case import examine_case
from greenlight.work.reports import FilmReport
from greenlight.work.sweep import Sweep, SweepReport, Tell
from greenlight.work.walk import Walk


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
    """Return a model's verdict on a portrait, or a clip if it films one: a file, an http(s) address or `s3://bucket/key`.

    A known verdict costs nothing; `fresh` pays for a new one. `deployment` names your own deployment of the
    detector. Raises an `Explained` error: a `GreenlightError`, or a `ModelStudioError` of the service.
    """
    family = catalog.family(model)
    question = Question.of(family, ratio=ratio, deployment=deployment)
    async with _connected(settings, max_cny) as services:
        found = await examine_subject(subject, family.subject)
        return await Walk(services).check(found, question, fresh=fresh)


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

    `brief` is a `Brief`, or the place of who is filmed; `fields` are the others of the brief, like `sound`,
    and one of them may say instead who is filmed, as in `film(clip="anna.mp4", ...)`. The video is stored in
    `out`: a folder, `s3://bucket/prefix/` or an .mp4 file. The same brief again continues the same video and
    pays nothing more, so a wait that was too short loses nothing. `max_cny` is the limit for this call, which
    begins nothing that could cost more. Raises what `check` raises; a refusal, a spent budget and a failed
    video are reports.
    """
    wanted = _wanted(brief, fields)
    wanted.check_parameters_are_known()
    async with _connected(settings, max_cny) as services:
        case = await examine_case(wanted, _place(out, services))
        report = await Walk(services, wait_seconds).film(case)
        spent_cny = await asyncio.to_thread(services.ledger.cost_of_run_cny, services.flow_run)
    return report.model_copy(update={"cost_cny": spent_cny})


def _wanted(brief: Brief | str | None, fields: dict[str, Any]) -> Brief:
    """Return the brief that is meant by what was given."""
    if isinstance(brief, Brief) and fields:
        raise TypeError(f"a Brief has its own {', '.join(fields)}")
    if isinstance(brief, Brief):
        return brief
    return Brief(**fields) if brief is None else Brief.about(brief, **fields)


async def sweep(
    place: str,
    defaults: BriefDefaults | None = None,
    *,
    needs: Collection[Need] = NEEDS,
    out: Path | str | None = None,
    wait_seconds: float = 0,
    max_cny: float | None = None,
    film: bool = True,
    tell: Tell | None = None,
    settings: Settings | None = None,
) -> SweepReport:
    """Check every portrait below a place that has no verdict yet, and film what passes and has its sound.

    `place` is a folder or `s3://bucket/prefix/`; `defaults` hold for every brief, `needs` are what a film
    waits for. Each film waits `wait_seconds` for its video; what is not ready then is collected later.
    `tell` is told how many portraits of how many are done. Raises what would come again for every portrait,
    like a refused key; what is wrong with one of them stands in the report.
    """
    refuse_output_within(place, None if out is None else str(out))
    async with _connected(settings, max_cny) as services:
        ledger, run = services.ledger, services.flow_run
        surveyor = Surveyor(
            ledger=ledger,
            service=services.client.service,
            defaults=defaults or BriefDefaults(),
            needs=needs,
        )
        here = Here(Walk(services, wait_seconds), _place(out, services))
        swept = Sweep(place, BundleWork(surveyor, here, films=film))
        await swept.run(tell or _nobody)
        checks_cny = await asyncio.to_thread(ledger.checks.cost_of_run_cny, run)
        films_cny = await asyncio.to_thread(ledger.jobs.cost_of_run_cny, run)
    return swept.report(checks_cny, films_cny)


async def _nobody(done: int, total: int | None) -> None:
    """Tell nobody."""


def _place(out: Path | str | None, services: Services) -> str:
    return str(out or services.settings.videos)


@asynccontextmanager
async def _connected(settings: Settings | None, max_cny: float | None) -> AsyncIterator[Services]:
    """Connect for one call, which the ledger knows by a name of its own, so that its cost can be limited."""
    async with connect(settings or read_settings()) as services:
        yield replace(services, max_cny=max_cny, flow_run=str(uuid.uuid4()))
