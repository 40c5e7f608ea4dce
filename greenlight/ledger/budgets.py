"""Hold paying requests back that would cost more than a budget has left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, func, not_, select

from greenlight.errors import OverBudget
from greenlight.ledger.job import NOT_PAID
from greenlight.ledger.schema import checks, jobs
from greenlight.modelstudio.times import CHINA
from greenlight.wording import cny, yuan

ANSWERED = ("answered", "stale")
"""The outcomes of checks whose cost is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent: on a day of UTC+8 with one service, or by one run."""

    max_cny: Decimal
    scope: Literal["day", "run"] = "day"
    run: str = ""
    """Which run, for the scope "run": what the books name as `flow_run`."""


def names_of(budgets: Sequence[Budget], service: str) -> list[str]:
    """Return the names under which those who reserve money within these budgets wait for each other."""
    return [
        f"budget run {one.run}" if one.scope == "run" else f"budget day {service}"
        for one in budgets
    ]


def day_of(at: datetime) -> date:
    """Return the day of a time as costs count it, which is one of UTC+8."""
    return at.astimezone(CHINA).date()


def keep_within(
    connection: Connection,
    budgets: Sequence[Budget],
    service: str,
    price_cny: Decimal,
    *,
    at: datetime,
) -> None:
    """Raise `OverBudget` if one more price does not fit into every budget.

    The transaction must have the budgets' names, so that nobody else reserves between this and its end.
    """
    for budget in budgets:
        spent_cny, reserved_cny = _sums(connection, budget, service, at)
        if spent_cny + reserved_cny + price_cny > budget.max_cny:
            raise OverBudget(
                f"budget exceeded for {_scope(budget, at)}: {yuan(spent_cny)} of {cny(budget.max_cny)} "
                f"spent, {yuan(reserved_cny)} reserved; this request may cost {yuan(price_cny)}",
                _way_on(budget),
            )


def _sums(
    connection: Connection, budget: Budget, service: str, at: datetime
) -> tuple[Decimal, Decimal]:
    """Return what is spent, and what is reserved or in doubt."""
    is_answered = checks.c.outcome.in_(ANSWERED)
    of_checks = select(
        func.sum(checks.c.cost_cny).filter(is_answered),
        func.sum(checks.c.cost_cny).filter(not_(is_answered)),
    ).where(_is_within(budget, service, at, checks, checks.c.paid_at))
    counts = jobs.c.state.not_in(NOT_PAID)
    of_jobs = select(
        func.sum(jobs.c.cost_cny),
        func.sum(jobs.c.reserved_cny).filter(jobs.c.cost_cny.is_(None)),
    ).where(counts, _is_within(budget, service, at, jobs, jobs.c.reserved_at))
    sums = [connection.execute(query).one() for query in (of_checks, of_jobs)]
    nothing = Decimal(0)
    return sum((s[0] or nothing for s in sums), nothing), sum(
        (s[1] or nothing for s in sums), nothing
    )


def _is_within(
    budget: Budget, service: str, at: datetime, table: Any, paid_at: ColumnElement[datetime]
) -> ColumnElement[bool]:
    if budget.scope == "run":
        is_of_run: ColumnElement[bool] = table.c.flow_run == budget.run
        return is_of_run
    midnight = at.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return and_(
        table.c.service == service, paid_at >= midnight, paid_at < midnight + timedelta(days=1)
    )


def _scope(budget: Budget, at: datetime) -> str:
    if budget.scope == "run":
        return "this run"
    return f"{day_of(at)} (UTC+8)"


def _way_on(budget: Budget) -> str | None:
    """Return what can be done; the limit of a run is known to whoever began it."""
    if budget.scope == "run":
        return None
    return "raise GREENLIGHT_MAX_CNY_PER_DAY, or continue when that day is over"
