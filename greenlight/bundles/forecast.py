"""Work out what a sweep would check and film, and what that could cost, without paying anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from greenlight.bundles.sight import Sight
from greenlight.bundles.steps import Check, Film, Read, Settled, next_step
from greenlight.bundles.surveying import Surveyor
from greenlight.drives import Drives, examine_drives
from greenlight.errors import EXPLAINED
from greenlight.planning import Plan, Planner
from greenlight.reports import FilmState, report_error


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

    def leave_films(self) -> None:
        """Count no films, where what passes is only screened."""
        self.films = self.films_if_passed = 0
        self.films_cny = self.films_if_passed_cny = Decimal(0)

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


async def foresee(sight: Sight, surveyor: Surveyor, forecast: Forecast) -> None:
    """Add to a forecast what would be done for one bundle; reading it costs nothing."""
    try:
        while isinstance(step := next_step(sight), Read):
            await surveyor.read(sight, step)
        match step:
            case Settled(report):
                forecast.settled[report.state] += 1
            case Film():
                forecast.films += 1
                forecast.films_cny += (await _plan(sight, surveyor)).video_cny
            case Check():
                plan = await _plan(sight, surveyor)
                forecast.checks += 1
                forecast.checks_cny += plan.checks_cny
                forecast.films_if_passed += plan.video_cny > 0
                forecast.films_if_passed_cny += plan.video_cny
    except EXPLAINED as error:
        forecast.settled[report_error(error).state] += 1


async def _plan(sight: Sight, surveyor: Surveyor) -> Plan:
    portrait = sight.portrait
    assert sight.briefing is not None  # noqa: S101 - it has a step
    assert portrait is not None  # noqa: S101
    brief = sight.briefing.brief
    planner = Planner(
        brief=brief,
        portrait=portrait,
        drives=Drives() if sight.briefing.needs_json else await examine_drives(brief),
        service=surveyor.service,
        ledger=surveyor.ledger,
    )
    return await planner.plan()
