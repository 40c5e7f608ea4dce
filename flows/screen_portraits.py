"""Sweep a place: check every portrait that has no verdict yet, and hand over what can be filmed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from decimal import Decimal
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.advice import in_prefect
from flows.bundle_work import ByRuns
from flows.ending import counted, ended, subjects_of, tag_run
from flows.film_runs import FilmRuns
from flows.parameters import (
    Beside,
    Credentials,
    Defaults,
    MaxCny,
    Needs,
    Out,
    explained,
    load_credentials,
)
from greenlight.modelstudio import catalog
from greenlight.wording import cny, visible
from greenlight.work.bundles import BriefDefaults
from greenlight.work.bundles.output import refuse_output_within
from greenlight.work.bundles.work import BundleWork
from greenlight.work.reports import FilmState
from greenlight.work.sweep import Sweep, SweepReport, Tell
from tasks.artifacts import Progress, show_costs, show_many
from tasks.events import tell_many_refusals
from tasks.results import require_result_store
from tasks.services import connected

WATCHER: ContextVar[Callable[[int, int | None], None] | None] = ContextVar("watcher", default=None)
"""Who is told, in this process, how many portraits of how many are done; the total is not known at first."""


def _run_name() -> str:
    return visible(f"sweep {flow_run.parameters['place']}")


@flow(name="screen-portraits", flow_run_name=_run_name)
async def screen_portraits(
    place: Annotated[
        str,
        explained(
            title="Place",
            description="Where the portraits are: s3://bucket/prefix/ or a folder, with everything below.",
        ),
    ],
    defaults: Defaults = BriefDefaults(),  # noqa: B008 - frozen
    needs: Needs = ("sound",),
    out: Out = None,
    max_cny: MaxCny = None,
    film: Annotated[
        bool,
        explained(
            title="Film",
            description="On: film what passes and has its sound. Off: only check.",
        ),
    ] = True,
    wait_seconds: Annotated[
        float,
        explained(
            title="Wait in seconds",
            ge=0,
            description="How long each film waits for its video, if there is no deployment `film`.",
        ),
    ] = 0,
    credentials: Credentials = None,
) -> State[SweepReport]:
    """Bring everything in a place as far as it goes, at the account's pace.

    What the books know costs a query for hundreds and no task. A sweep that was stopped goes on where it was
    when it runs again. One broken picture stops nobody; a refused key does, and so does the budget, politely.
    """
    refuse_output_within(place, out)
    await require_result_store()
    block = await load_credentials(credentials)
    async with connected(block, max_cny=max_cny) as services:
        ledger = services.ledger
        beside = Beside(defaults=defaults, needs=needs)
        surveyor = beside.surveyor(ledger, block.service)
        budget = services.run_budget
        runs = FilmRuns(ledger, block.service, budget, out, credentials, beside, wait_seconds)
        doer = ByRuns(surveyor, block, runs, max_cny)
        sweep = Sweep(place, BundleWork(surveyor, doer, films=film))
        progress = Progress(f"Sweep of {place}", model=defaults.models[0])
        await sweep.run(_teller(progress))
        await progress.end()
        cost_cny = await asyncio.to_thread(ledger.cost_of_run_cny, services.flow_run)
        gallery = doer.gallery
        if gallery.paid_count:
            await show_costs(ledger, block.service)
    tell_many_refusals(gallery.refused_count, gallery.count, place=place)
    if gallery.count:
        summary = f"{counted(sweep.states)}; {cny(cost_cny)} for {gallery.paid_count} checks"
        await show_many(f"Sweep of {place}", summary, gallery, model=defaults.models[0])
    return await _end(sweep, cost_cny)


def _teller(progress: Progress) -> Tell:
    """Say how far it is, on the run's timeline and to who watches this process."""

    async def tell(done: int, total: int | None) -> None:
        await progress.tell(done, total)
        watcher = WATCHER.get()
        if watcher is not None:
            watcher(done, total)

    return tell


async def _end(sweep: Sweep, cost_cny: Decimal) -> State[SweepReport]:
    report = sweep.report(cost_cny).worded(in_prefect)
    subjects = subjects_of(sweep.models, [sweep.place])
    wanted = catalog.subjects_in_words(sweep.models, 0)
    message = counted(sweep.states) or f"there are no {wanted} in {sweep.place}"
    if sweep.stopped:
        message = f"{message}; {sweep.stopped}"
        return await ended(FilmState.OVER_BUDGET, message, report, sweep.states, subjects)
    await tag_run(sweep.states, subjects)
    return Completed(name="Swept", message=message, data=report)
