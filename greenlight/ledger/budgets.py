"""Hold paying requests back that would cost more than a budget has left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    and_,
    func,
    not_,
    or_,
    select,
)

from greenlight.errors import OverBudget
from greenlight.ledger.job import NOT_PAID
from greenlight.ledger.schema import checks, film_runs, jobs, promises
from greenlight.modelstudio.times import CHINA
from greenlight.wording import cny, yuan

ANSWERED = ("answered", "stale")
"""The outcomes of checks whose cost is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent: on a day of UTC+8 with one service, or by one run and the films it hands over."""

    max_cny: Decimal
    scope: Literal["day", "run"] = "day"
    run: str = ""
    """Which run, for the scope "run": what the books name as `flow_run`."""

    @classmethod
    def of_run(cls, run: str, max_cny: float | None) -> Budget | None:
        """Return the budget of a run, if it has a limit."""
        return None if max_cny is None else cls(max_cny=Decimal(str(max_cny)), scope="run", run=run)


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
    what: str = "this request",
) -> None:
    """Raise `OverBudget` if one more price does not fit into every budget.

    The transaction must have the budgets' names, so that nobody else reserves between this and its end.
    """
    for budget in budgets:
        spent_cny, reserved_cny = _sums(connection, budget, service, at)
        if spent_cny + reserved_cny + price_cny > budget.max_cny:
            raise OverBudget(
                f"budget exceeded for {_scope(budget, at)}: {yuan(spent_cny)} of {cny(budget.max_cny)} "
                f"spent, {yuan(reserved_cny)} reserved; {what} may cost {yuan(price_cny)}",
                _way_on(budget),
            )


def used_cny(connection: Connection, budget: Budget, at: datetime) -> Decimal:
    """Return how much of a run's budget is spent or held back."""
    return sum(_sums(connection, budget, "", at), Decimal(0))


def _sums(
    connection: Connection, budget: Budget, service: str, at: datetime
) -> tuple[Decimal, Decimal]:
    """Return what is spent, and what is reserved, in doubt or promised."""
    of_checks = _is_within(budget, service, at, checks, checks.c.paid_at)
    is_answered = checks.c.outcome.in_(ANSWERED)
    of_jobs = and_(
        _is_within(budget, service, at, jobs, jobs.c.reserved_at), jobs.c.state.not_in(NOT_PAID)
    )
    spent = [
        _sum(checks.c.cost_cny, of_checks, is_answered),
        _sum(jobs.c.cost_cny, of_jobs),
    ]
    reserved = [
        _sum(checks.c.cost_cny, of_checks, not_(is_answered)),
        _sum(jobs.c.reserved_cny, of_jobs, jobs.c.cost_cny.is_(None)),
    ]
    if budget.scope == "run":
        promised = (promises.c.run == budget.run, promises.c.is_open)
        reserved.append(_sum(promises.c.promised_cny, *promised))
    # With one statement, for film runs end meanwhile: what is promised there is paid here at once.
    sums = [one or Decimal(0) for one in connection.execute(select(*spent, *reserved)).one()]
    return sum(sums[: len(spent)], Decimal(0)), sum(sums[len(spent) :], Decimal(0))


def _sum(column: Any, *conditions: ColumnElement[bool]) -> ScalarSelect[Decimal]:
    return select(func.sum(column)).where(*conditions).scalar_subquery()


def _is_within(
    budget: Budget, service: str, at: datetime, table: Any, paid_at: ColumnElement[datetime]
) -> ColumnElement[bool]:
    if budget.scope == "run":
        return or_(table.c.flow_run == budget.run, table.c.flow_run.in_(_films_of(budget.run)))
    midnight = at.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return and_(
        table.c.service == service, paid_at >= midnight, paid_at < midnight + timedelta(days=1)
    )


def _films_of(run: str) -> Select[tuple[str]]:
    """Return the film runs whose payments count for a run too.

    Those that it handed films to, once they have ended: before, what was promised to them counts. And for a
    film run itself those that began the same film before it.
    """
    spends = select(film_runs.c.promise_id).where(film_runs.c.flow_run == run)
    is_over = and_(promises.c.run == run, not_(promises.c.is_open))
    return (
        select(film_runs.c.flow_run)
        .join(promises, promises.c.id == film_runs.c.promise_id)
        .where(or_(is_over, promises.c.id.in_(spends)))
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
