"""Say what is under way and what was paid lately, for whoever stops in the middle of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Table, and_, func, select

from greenlight.ledger.database import Database
from greenlight.ledger.job import JobState
from greenlight.ledger.schema import checks, jobs


@dataclass(frozen=True, slots=True)
class Standing:
    """How many jobs are open, and what was paid in a time.

    `awaited` are jobs and checks whose request was sent and whose answer is in no book yet, `in_doubt` jobs
    whose answer was lost, and `submitted` those that the vendor works on or has finished. What is not
    settled counts with the most that it can cost.
    """

    submitted: int
    in_doubt: int
    awaited: int
    paid_cny: Decimal


class Standings:
    """What the books say at a moment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_last(self, seconds: float) -> Standing:
        """Return what is open in the whole ledger, and what was sent in the last so many seconds."""
        with self._database.reading() as connection:
            since = self._database.now(connection) - timedelta(seconds=seconds)
            is_awaited = and_(checks.c.outcome == "sent", checks.c.paid_at >= since)
            was_sent = and_(jobs.c.state == JobState.RESERVED, jobs.c.sent_at.is_not(None))
            return Standing(
                submitted=_count(connection, jobs, jobs.c.state == JobState.SUBMITTED),
                in_doubt=_count(connection, jobs, jobs.c.state == JobState.AMBIGUOUS),
                awaited=_count(connection, checks, is_awaited) + _count(connection, jobs, was_sent),
                paid_cny=_paid_cny(connection, since),
            )


def _count(connection: Connection, table: Table, is_so: ColumnElement[bool]) -> int:
    return int(
        connection.execute(select(func.count()).select_from(table).where(is_so)).scalar_one()
    )


def _paid_cny(connection: Connection, since: datetime) -> Decimal:
    cost = func.coalesce(jobs.c.cost_cny, jobs.c.reserved_cny)
    of_checks = select(func.sum(checks.c.cost_cny)).where(checks.c.paid_at >= since)
    of_jobs = select(func.sum(cost)).where(jobs.c.sent_at >= since)
    sums = (connection.execute(query).scalar_one() for query in (of_checks, of_jobs))
    return sum((one or Decimal(0) for one in sums), Decimal(0))
