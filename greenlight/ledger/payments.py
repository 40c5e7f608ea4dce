"""Book a paying request, in one transaction just before its first byte is sent.

The transaction sees that the caller still has its claim, that the price fits into every budget, and that the
pace has a start for it; only then the row is there, as sent. So there is nothing to renew, to free or to
count afterwards: what is not in the books was not sent, and what is may have been paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenlight.ledger import checks, leases, pace, sending
from greenlight.ledger.budgets import Budget, keep_within, names_of
from greenlight.ledger.checks import NewCheck
from greenlight.ledger.database import Database
from greenlight.ledger.job import NewJob
from greenlight.ledger.leases import Claim, ClaimLost
from greenlight.ledger.pace import Start


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a paying request is held to: budgets, and the pace that goes by a name."""

    pace: str
    starts_per_second: float
    budgets: Sequence[Budget] = ()


class Payments:
    """The paying requests that are about to be sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, new: NewCheck | NewJob, claim: Claim, terms: Terms) -> tuple[Start, int | None]:
        """Book a check or a job as sent, and return its start and its number in the books.

        Without a number nothing was booked, because the pace has no start yet. Raises `ClaimLost` when
        somebody else has the name by now, or has brought the job forward, and `OverBudget` when the price
        does not fit into a budget any more; then nothing was booked either.
        """
        locks = {leases.lock_of(claim.name), pace.lock_of(terms.pace)}
        with self._database.writing(*locks, *names_of(terms.budgets, new.service)) as connection:
            at = self._database.now(connection)
            if not leases.keep(connection, claim, at):
                raise ClaimLost(f"somebody else goes on with {claim.name}; run it again")
            job = sending.find_orderable(connection, new.key) if isinstance(new, NewJob) else None
            start = pace.take(connection, terms.pace, terms.starts_per_second, at)
            if start.granted_at is None:
                return start, None
            keep_within(connection, terms.budgets, new.service, new.price_cny, at=at)
            if isinstance(new, NewJob):
                return start, sending.book_sent(connection, job, new, claim, at)
            return start, checks.book_sent(connection, new, claim, at)
