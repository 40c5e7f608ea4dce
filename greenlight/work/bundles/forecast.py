"""Work out what a sweep would check and film, and what that could cost, without paying anything."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from greenlight.concurrency import side_by_side
from greenlight.errors import InputError
from greenlight.work.bundles.finding import bundles_in
from greenlight.work.bundles.output import require_output
from greenlight.work.bundles.state import BundleState
from greenlight.work.bundles.steps import Check, Film, Read, Settled, next_step
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.drives import Drives
from greenlight.work.reports import FilmState, report_error

READ_AT_ONCE = 16


@dataclass(slots=True)
class Forecast:
    """How many would be checked and filmed, and the most that it can cost."""

    checks: int = 0
    checks_cny: Decimal = Decimal(0)
    films: int = 0
    """Of portraits that have passed already."""
    films_cny: Decimal = Decimal(0)
    films_if_passed: int = 0
    """Of portraits that are to be checked first, and have what moves them."""
    films_if_passed_cny: Decimal = Decimal(0)
    settled: Counter[FilmState] = field(default_factory=Counter)
    """Where there is nothing to do."""

    @property
    def price_cny(self) -> Decimal:
        """Return the most that all of it can cost."""
        return self.checks_cny + self.films_cny + self.films_if_passed_cny

    @property
    def portraits(self) -> int:
        """Return how many portraits there are at all."""
        return self.checks + self.films + self.settled.total()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values under the names of its fields; money in yuan."""
        return {
            "checks": self.checks,
            "checks_cny": float(self.checks_cny),
            "films": self.films,
            "films_cny": float(self.films_cny),
            "films_if_passed": self.films_if_passed,
            "films_if_passed_cny": float(self.films_if_passed_cny),
            "settled": {state.value: count for state, count in self.settled.items()},
            "price_cny": float(self.price_cny),
        }


async def foresee(
    place: str, surveyor: Surveyor, *, out: str | None = None, films: bool = True
) -> Forecast:
    """Return what a sweep of a place would do; reading it costs nothing.

    Raises what would end the sweep before it pays, like an `out` that takes no videos.
    """
    if films:
        await asyncio.to_thread(require_output, out)
        await surveyor.prepare()
    forecast = Forecast()

    async def bundle_states() -> AsyncIterator[BundleState]:
        pages = bundles_in(place, surveyor.defaults.models)
        while page := await asyncio.to_thread(next, pages, None):
            for bundle_state in await surveyor.survey(page):
                yield bundle_state

    async def add(bundle_state: BundleState) -> None:
        await _add(forecast, bundle_state, surveyor, films=films)

    async for _ in side_by_side(bundle_states(), add, at_once=READ_AT_ONCE):
        pass
    return forecast


async def _add(
    forecast: Forecast, bundle_state: BundleState, surveyor: Surveyor, *, films: bool
) -> None:
    """Add what would be done for one bundle."""
    try:
        while isinstance(step := next_step(bundle_state, films=films), Read):
            await surveyor.read(bundle_state, step)
        match step:
            case Settled(report):
                forecast.settled[report.state] += 1
            case Film(drives=drives):
                forecast.films += 1
                forecast.films_cny += (await surveyor.plan(bundle_state, drives)).video_cny
            case Check():
                is_filmed = films and bundle_state.briefing and not bundle_state.briefing.needs_json
                plan = await surveyor.plan(
                    bundle_state, bundle_state.drives() if is_filmed else Drives()
                )
                forecast.checks += 1
                forecast.checks_cny += plan.checks_cny
                forecast.films_if_passed += plan.video_cny > 0
                forecast.films_if_passed_cny += plan.video_cny
    except InputError as error:
        forecast.settled[report_error(error).state] += 1
