"""Work out what a sweep would check and film, and what that could cost, without paying anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from greenlight.errors import InputError
from greenlight.work.bundles.sight import Sight
from greenlight.work.bundles.steps import Check, Film, Read, Settled, next_step
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.drives import Drives
from greenlight.work.planning import Plan, Planner
from greenlight.work.reports import FilmState, report_error


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
    sight: Sight, surveyor: Surveyor, forecast: Forecast, *, films: bool = True
) -> None:
    """Add to a forecast what would be done for one bundle; reading it costs nothing."""
    try:
        while isinstance(step := next_step(sight, films=films), Read):
            await surveyor.read(sight, step)
        match step:
            case Settled(report):
                forecast.settled[report.state] += 1
            case Film(drives=drives):
                forecast.films += 1
                forecast.films_cny += (await _plan(sight, surveyor, drives)).video_cny
            case Check():
                is_filmed = films and sight.briefing and not sight.briefing.needs_json
                plan = await _plan(sight, surveyor, sight.drives() if is_filmed else Drives())
                forecast.checks += 1
                forecast.checks_cny += plan.checks_cny
                forecast.films_if_passed += plan.video_cny > 0
                forecast.films_if_passed_cny += plan.video_cny
    except InputError as error:
        forecast.settled[report_error(error).state] += 1


async def _plan(sight: Sight, surveyor: Surveyor, drives: Drives) -> Plan:
    subject = sight.subject
    assert subject is not None  # noqa: S101 - it has a step
    planner = Planner(
        brief=sight.brief,
        subject=subject,
        drives=drives,
        service=surveyor.service,
        ledger=surveyor.ledger,
    )
    return await planner.plan()
