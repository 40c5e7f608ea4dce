"""Let one process at a time do a thing, until it is done or the process dies.

A lease says who may begin. Whether its holder still may, only its token in the table says: whoever pays looks
at it in the transaction that books the payment (`Payments.begin`), so a clock that is wrong, or a holder that
was stopped for too long, costs time and never a second payment.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select, update

from greenlight.errors import LedgerError
from greenlight.ledger.database import Database
from greenlight.ledger.schema import leases


@dataclass(slots=True)
class Claim:
    """The right to a name, which lasts for so many seconds unless it is renewed."""

    name: str
    token: str
    seconds: float
    """How long the next renewal makes it last: longer while an answer that was paid for is awaited."""


class ClaimLost(LedgerError):  # noqa: N818 - as people say it
    """Somebody else has taken a name over, because its holder seemed to be dead."""


class Leases:
    """Names that one process holds at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, name: str, seconds: float) -> Claim | None:
        """Return a claim if the name was free or its lease had ended, else `None`.

        A name that somebody holds is only read, so many can wait for it.
        """
        if self._is_held(name):
            return None
        claim = Claim(name, secrets.token_hex(16), seconds)
        with self._database.writing(lock_of(name), durable=False) as connection:
            at = self._database.now(connection)
            row = _row(connection, name)
            if row is not None and row.until > at:
                if _was_put_back(row, at):
                    # Without this the name would be held until the clock has caught up.
                    length = {"until": at + (row.until - row.renewed_at), "renewed_at": at}
                    connection.execute(update(leases).where(leases.c.name == name).values(length))
                return None
            change = insert(leases) if row is None else update(leases).where(leases.c.name == name)
            connection.execute(change.values(_values(claim, at)))
        return claim

    def _is_held(self, name: str) -> bool:
        with self._database.reading() as connection:
            row = _row(connection, name)
            if row is None:
                return False
            at = self._database.now(connection)
            return bool(row.until > at) and not _was_put_back(row, at)

    def renew(self, claim: Claim) -> bool:
        """Make a lease last its seconds from now; false if somebody else has taken the name over."""
        with self._database.writing(lock_of(claim.name), durable=False) as connection:
            return keep(connection, claim, self._database.now(connection))

    def release(self, claim: Claim) -> None:
        """Give a name back; a lease that somebody else took over meanwhile stays theirs."""
        with self._database.writing(lock_of(claim.name), durable=False) as connection:
            connection.execute(delete(leases).where(_is_of(claim)))


def lock_of(name: str) -> str:
    """Return the name under which the transactions about a lease wait for each other."""
    return f"lease {name}"


def keep(connection: Connection, claim: Claim, at: datetime) -> bool:
    """Make a lease last its seconds from now; return whether it is still the holder's.

    One that has ended, and that nobody has taken over, still is.
    """
    kept = update(leases).where(_is_of(claim)).values(_values(claim, at))
    return connection.execute(kept).rowcount == 1


def _values(claim: Claim, at: datetime) -> dict[str, object]:
    until = at + timedelta(seconds=claim.seconds)
    return {"name": claim.name, "token": claim.token, "until": until, "renewed_at": at}


def _was_put_back(row: Row[Any], at: datetime) -> bool:
    """Whether the clock shows less than when the lease was taken or renewed."""
    return row.renewed_at is not None and row.renewed_at > at


def _row(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(leases).where(leases.c.name == name)).one_or_none()


def _is_of(claim: Claim) -> ColumnElement[bool]:
    return and_(leases.c.name == claim.name, leases.c.token == claim.token)
