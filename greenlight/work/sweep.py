"""Sweep a place: bring every portrait and clip below it as far as it goes, and count how they stand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import BaseModel, Field

from greenlight.concurrency import side_by_side
from greenlight.errors import InputError, OverBudget, Part, Say, sentence
from greenlight.work.bundles import Bundle, bundles_in
from greenlight.work.bundles.state import BundleState
from greenlight.work.bundles.steps import Settled, next_step
from greenlight.work.bundles.work import BundleWork
from greenlight.work.reports import Cny, FilmReport, FilmState

AT_ONCE = 16
"""Portraits under way together; the account's pace decides how fast they start."""
KEPT_REMARKS = 50
GOES_ON = "what was begun is in the ledger, and the next sweep continues from there"

Tell = Callable[[int, int | None], Awaitable[None]]
"""Told how many portraits of how many are done; the total is not known at first."""


class Remark(BaseModel):
    """What is to be said of one portrait, or clip."""

    portrait: str
    message: str
    subject: str = ""
    """What the message begins with, where that says what it is about."""
    says: tuple[Part, ...] = Field(default=(), exclude=True)
    """What the message is made of."""

    def worded(self, say: Say) -> Remark:
        """Return the remark with its advice in the words of whoever shows it."""
        return self.model_copy(update={"message": sentence(self.says, say) or self.message})


class SweepReport(BaseModel):
    """What became of a place."""

    place: str
    portraits: int = 0
    known: int = 0
    """Those for which there was nothing to do."""
    states: dict[str, int] = {}
    """How many stand how, the known ones too."""
    cost_cny: Cny = Decimal(0)
    """What the checks of this run cost."""
    films_cny: Cny = Decimal(0)
    """What its films cost so far, where they are no runs of their own."""
    failures: list[Remark] = []
    """The first of those that came no further, and why."""
    notes: list[Remark] = []
    """The first of those whose video is another than their brief asks for now."""
    stopped: str = ""
    """Why the sweep ended before the place did."""

    def worded(self, say: Say) -> SweepReport:
        """Return the report with the advice in its remarks in the words of whoever shows it."""
        failures = [one.worded(say) for one in self.failures]
        notes = [one.worded(say) for one in self.notes]
        return self.model_copy(update={"failures": failures, "notes": notes})


def ranked(states: Counter[FilmState]) -> list[tuple[FilmState, int]]:
    """Return how many ended how, the most first, and those that are as many by name."""
    return sorted(states.items(), key=lambda counted: (-counted[1], counted[0]))


@dataclass(slots=True)
class Sweep:
    """A place, what it is worked on with, and the tally."""

    place: str
    work: BundleWork
    states: Counter[FilmState] = field(default_factory=Counter)
    known: int = 0
    failures: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    stopped: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """Return the models that are meant where no json names others."""
        return self.work.surveyor.defaults.models

    async def run(self, tell: Tell) -> None:
        """Work on everything, or until a budget has no room; `stopped` says so then."""
        await self.work.prepare()
        counting: asyncio.Task[int | None] | None = None
        async with aclosing(
            side_by_side(self._with_work_to_do(), self._bring_on, at_once=AT_ONCE)
        ) as brought_on:
            async for bundle_state, report in brought_on:
                self._count(bundle_state, report)
                # Where there is nothing to do, nobody waits for a second listing.
                counting = counting or asyncio.create_task(
                    asyncio.to_thread(_count_subjects, self.place, self.models)
                )
                await tell(self.states.total(), counting.result() if counting.done() else None)

    def report(self, cost_cny: Decimal, films_cny: Decimal = Decimal(0)) -> SweepReport:
        """Return what became of the place, with what this run paid."""
        return SweepReport(
            place=self.place,
            portraits=self.states.total(),
            known=self.known,
            states={state.value: count for state, count in ranked(self.states)},
            cost_cny=cost_cny,
            films_cny=films_cny,
            failures=self.failures,
            notes=self.notes,
            stopped=self.stopped,
        )

    async def _with_work_to_do(self) -> AsyncIterator[BundleState]:
        """Yield the bundles that there is something to do for, and count the others at once."""
        pages = bundles_in(self.place, self.models)
        while page := await asyncio.to_thread(_next, pages):
            for bundle_state in await self.work.surveyor.survey(page):
                step = next_step(bundle_state, films=self.work.films)
                if isinstance(step, Settled):
                    self.known += 1
                    self._count(bundle_state, step.report)
                elif self.stopped:
                    return
                else:
                    yield bundle_state

    async def _bring_on(self, bundle_state: BundleState) -> tuple[BundleState, FilmReport]:
        report = await self.work.bring_on(bundle_state)
        if report.state is FilmState.OVER_BUDGET and not self.stopped:
            # That nothing was sent is so for this one; others may have been paid.
            reasons = [one for one in report.says if one != OverBudget.unspent]
            self.stopped = sentence((*reasons, GOES_ON))
        return bundle_state, report

    def _count(self, bundle_state: BundleState, report: FilmReport) -> None:
        self.states[report.state] += 1
        has_failed = not report.state.is_good and report.state is not FilmState.OVER_BUDGET
        if has_failed and len(self.failures) < KEPT_REMARKS:
            subject = report.error.subject if report.error else ""
            says = (*report.says, *report.notes)
            self.failures.append(_remark(bundle_state.place, says, report.message, subject))
        if report.note and len(self.notes) < KEPT_REMARKS:
            self.notes.append(_remark(bundle_state.place, report.notes, report.note))


def _remark(place: str, says: tuple[Part, ...], message: str, subject: str = "") -> Remark:
    return Remark(portrait=place, message=message, subject=subject, says=says).worded(str)


def _count_subjects(place: str, models: Collection[str]) -> int | None:
    """Return how many a place has to film; `None` if it cannot be listed, which the sweep itself tells."""
    try:
        return sum(len(page) for page in bundles_in(place, models))
    except InputError:
        return None


def _next(pages: Iterator[list[Bundle]]) -> list[Bundle] | None:
    return next(pages, None)
