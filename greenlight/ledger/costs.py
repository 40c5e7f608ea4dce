"""Sum what was paid, by day, model and outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    func,
    not_,
    select,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import String

from greenlight.ledger.database import Database
from greenlight.ledger.job import NOT_PAID, JobState, is_left_in_doubt, was_not_accepted
from greenlight.ledger.schema import checks, jobs


@dataclass(frozen=True, slots=True)
class Cost:
    """What the paid calls of one day, service, model and outcome cost together.

    The day is one of UTC+8, that of the call or the reservation. Outcomes of checks: `passed`, `refused`,
    `stale` (its portrait was overwritten meanwhile, so the verdict is not used), `uncertain` (no answer is
    booked, at the full price); of jobs: `filmed`, `open`, `ambiguous` and `expired` (the last three at the
    price reserved where none is settled), and `failed`, which costs 0.
    """

    day: date
    service: str
    model: str
    outcome: str
    count: int
    cost_cny: Decimal


class _VendorDay(FunctionElement[str]):
    """The day of UTC+8 that a time lies in, as YYYY-MM-DD."""

    type = String()
    inherit_cache = True


@compiles(_VendorDay, "sqlite")
def _day_in_sqlite(element: _VendorDay, compiler: Any, **options: Any) -> str:
    # Without the fraction: SQLite rounds it, up to the next day.
    return f"date(substr({compiler.process(element.clauses, **options)}, 1, 19), '+8 hours')"


@compiles(_VendorDay, "postgresql")
def _day_in_postgresql(element: _VendorDay, compiler: Any, **options: Any) -> str:
    utc = f"{compiler.process(element.clauses, **options)} AT TIME ZONE 'UTC'"
    return f"to_char({utc} + interval '8 hours', 'YYYY-MM-DD')"


class Costs:
    """The sums of all paid calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_outcome(
        self, *, service: str | None = None, flow_run: str | None = None, since: date | None = None
    ) -> list[Cost]:
        """Return the sums, the oldest day first; of one service, one run, or from a day on."""
        with self._database.reading() as connection:
            calls = union_all(_of_checks(), _of_jobs(self._database.now(connection))).subquery()
            groups = (calls.c.day, calls.c.service, calls.c.model, calls.c.outcome)
            query = select(*groups, func.count(), func.sum(calls.c.cost_cny))
            for column, wanted in ((calls.c.service, service), (calls.c.flow_run, flow_run)):
                if wanted is not None:
                    query = query.where(column == wanted)
            if since is not None:
                query = query.where(calls.c.day >= since.isoformat())
            rows = connection.execute(query.group_by(*groups).order_by(*groups)).all()
        return [Cost(date.fromisoformat(row[0]), *row[1:]) for row in rows]


def _of_checks() -> Select[Any]:
    outcome = case(
        (checks.c.outcome == "stale", "stale"),
        (checks.c.outcome != "answered", "uncertain"),
        (checks.c.passed, "passed"),
        else_="refused",
    )
    return _calls(checks, checks.c.paid_at, outcome, checks.c.cost_cny)


def _of_jobs(at: datetime) -> Select[Any]:
    outcome = case(
        (jobs.c.state == JobState.SUCCEEDED, "filmed"),
        (jobs.c.state.in_(NOT_PAID), "failed"),
        (is_left_in_doubt(at), "ambiguous"),
        (jobs.c.state.in_((JobState.AMBIGUOUS, JobState.EXPIRED)), jobs.c.state),
        else_="open",
    )
    cost_cny = func.coalesce(jobs.c.cost_cny, jobs.c.reserved_cny)
    return _calls(jobs, jobs.c.reserved_at, outcome, cost_cny).where(not_(was_not_accepted()))


def _calls(
    table: Any, paid_at: ColumnElement[datetime], outcome: Any, cost_cny: Any
) -> Select[Any]:
    return select(
        _VendorDay(paid_at).label("day"),
        table.c.service,
        table.c.model,
        table.c.flow_run,
        outcome.label("outcome"),
        cost_cny.label("cost_cny"),
    )
