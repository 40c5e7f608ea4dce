"""Sweep a place: check every portrait that has no verdict yet, and hand over what can be filmed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import BaseModel

from flows.allowance import Allowance
from flows.bundle_work import BundleWork
from flows.ending import counted, ended, subjects_of, tag_run
from flows.film_runs import FilmRuns
from flows.newest_brief import Beside
from flows.parameters import Credentials, Defaults, MaxCny, Needs, Out, explained, load_credentials
from greenlight.concurrency import side_by_side
from greenlight.errors import InputError, OverBudget
from greenlight.modelstudio import catalog
from greenlight.wording import cny, visible
from greenlight.work.bundles import BriefDefaults, Bundle, bundles_in
from greenlight.work.bundles.output import refuse_output_within
from greenlight.work.bundles.sight import Sight
from greenlight.work.bundles.steps import Settled, next_step
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.reports import Cny, FilmReport, FilmState
from tasks.artifacts import Progress, show_costs, show_many
from tasks.events import tell_many_refusals
from tasks.results import require_result_store
from tasks.services import connected

WATCHER: ContextVar[Callable[[int, int | None], None] | None] = ContextVar("watcher", default=None)
"""Who is told, in this process, how many portraits of how many are done; the total is not known at first."""

AT_ONCE = 16
"""Portraits under way together; the account's pace decides how fast they start."""
KEPT_REMARKS = 50


class Remark(BaseModel):
    """What is to be said of one portrait, or clip."""

    portrait: str
    message: str


class SweepReport(BaseModel):
    """What became of a place."""

    place: str
    portraits: int = 0
    known: int = 0
    """Those for which there was nothing to do."""
    states: dict[str, int] = {}
    """How many stand how, the known ones too."""
    cost_cny: Cny = Decimal(0)
    """What the checks of this run cost; the films are runs of their own."""
    failures: list[Remark] = []
    """The first of those that came no further, and why."""
    notes: list[Remark] = []
    """The first of those whose video is another than their brief asks for now."""
    stopped: str = ""
    """Why the sweep ended before the place did."""


def _run_name() -> str:
    return visible(f"sweep {flow_run.parameters['place']}")


@flow(name="screen-portraits", flow_run_name=_run_name)
async def screen_portraits(
    place: Annotated[
        str,
        explained(
            title="Place",
            description="Where the portraits lie: s3://bucket/prefix/ or a folder; everything below counts.",
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
            description="On: what passes and has its sound is filmed. Off: portraits are only screened.",
        ),
    ] = True,
    wait_seconds: Annotated[
        float,
        explained(
            title="Wait in seconds",
            ge=0,
            description="How long each film waits for its video where no deployment `film` takes them over.",
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
    async with connected(block) as services:
        run_id = str(flow_run.id or "")
        ledger = services.ledger
        sweep = _Sweep(
            place,
            BundleWork(
                Surveyor(ledger=ledger, service=block.service, defaults=defaults, needs=needs),
                block,
                FilmRuns(
                    block.service,
                    out,
                    credentials,
                    Beside(defaults=defaults, needs=needs),
                    wait_seconds,
                ),
                await Allowance.of_run(max_cny, ledger),
                films=film,
            ),
        )
        await sweep.run()
        cost_cny = await asyncio.to_thread(ledger.cost_of_run_cny, run_id)
        if sweep.work.gallery.paid_count:
            await show_costs(ledger, block.service)
    gallery = sweep.work.gallery
    tell_many_refusals(gallery.refused_count, gallery.count, place=place)
    if gallery.count:
        summary = f"{counted(sweep.states)}; {cny(cost_cny)} for {gallery.paid_count} checks"
        await show_many(f"Sweep of {place}", summary, gallery, model=defaults.models[0])
    return await _end(sweep, cost_cny)


@dataclass(slots=True)
class _Sweep:
    """A place, what it is worked on with, and the tally."""

    place: str
    work: BundleWork
    states: Counter[FilmState] = field(default_factory=Counter)
    known: int = 0
    failures: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    stopped: str = ""

    async def run(self) -> None:
        """Work on everything, or until a budget has no room; `stopped` says so then."""
        await self.work.prepare()
        progress = Progress(f"Sweep of {self.place}", model=self._models[0])
        counting: asyncio.Task[int | None] | None = None
        async with aclosing(
            side_by_side(self._with_work_to_do(), self._bring_on, at_once=AT_ONCE)
        ) as brought_on:
            async for sight, report in brought_on:
                self._count(sight, report)
                # Where there is nothing to do, nobody waits for a second listing.
                counting = counting or asyncio.create_task(
                    asyncio.to_thread(_count_portraits, self.place, self._models)
                )
                await self._tell(progress, counting.result() if counting.done() else None)
        await progress.end()

    @property
    def _models(self) -> tuple[str, ...]:
        return self.work.surveyor.defaults.models

    async def _tell(self, progress: Progress, total: int | None) -> None:
        """Say how far it is, on the run's timeline and to who watches this process."""
        done = self.states.total()
        await progress.tell(done, total)
        watcher = WATCHER.get()
        if watcher is not None:
            watcher(done, total)

    async def _with_work_to_do(self) -> AsyncIterator[Sight]:
        """Yield the bundles that there is something to do for, and count the others at once."""
        pages = bundles_in(self.place, self._models)
        while page := await asyncio.to_thread(_next, pages):
            for sight in await self.work.surveyor.survey(page):
                step = next_step(sight, films=self.work.films)
                if isinstance(step, Settled):
                    self.known += 1
                    self._count(sight, step.report)
                elif self.stopped:
                    return
                else:
                    yield sight

    async def _bring_on(self, sight: Sight) -> tuple[Sight, FilmReport]:
        report = await self.work.bring_on(sight)
        if report.state is FilmState.OVER_BUDGET and not self.stopped:
            reason = report.message.removesuffix(f"; {OverBudget.unspent}.")
            self.stopped = (
                f"{reason}; what was begun is in the books, and the next sweep goes on from there"
            )
        return sight, report

    def _count(self, sight: Sight, report: FilmReport) -> None:
        self.states[report.state] += 1
        has_failed = not report.state.is_good and report.state is not FilmState.OVER_BUDGET
        if has_failed and len(self.failures) < KEPT_REMARKS:
            self.failures.append(Remark(portrait=sight.place, message=report.message))
        if report.note and len(self.notes) < KEPT_REMARKS:
            self.notes.append(Remark(portrait=sight.place, message=report.note))


def _count_portraits(place: str, models: Collection[str]) -> int | None:
    """Return how many a place has to film; `None` if it cannot be listed, which the sweep itself tells."""
    try:
        return sum(len(page) for page in bundles_in(place, models))
    except InputError:
        return None


def _next(pages: Iterator[list[Bundle]]) -> list[Bundle] | None:
    return next(pages, None)


async def _end(sweep: _Sweep, cost_cny: Decimal) -> State[SweepReport]:
    report = SweepReport(
        place=sweep.place,
        portraits=sweep.states.total(),
        known=sweep.known,
        states={state.value: count for state, count in sweep.states.most_common()},
        cost_cny=cost_cny,
        failures=sweep.failures,
        notes=sweep.notes,
        stopped=sweep.stopped,
    )
    subjects = subjects_of(sweep.work.surveyor.defaults.models, [sweep.place])
    wanted = catalog.subjects_in_words(sweep.work.surveyor.defaults.models, 0)
    message = counted(sweep.states) or f"there are no {wanted} in {sweep.place}"
    if sweep.stopped:
        message = f"{message}; {sweep.stopped}"
        return await ended(FilmState.OVER_BUDGET, message, report, sweep.states, subjects)
    await tag_run(sweep.states, subjects)
    return Completed(name="Swept", message=message, data=report)
