"""Grant starts at a pace that all processes of a ledger keep together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from greenlight.ledger.database import Database
from greenlight.ledger.schema import pace

SLACK = 1.019
"""Starts stand this much further apart than the limit asks, so that a start that arrives a few
milliseconds early is not the sixth of a second: at 5 a second 4.907 are granted."""

AHEAD_SECONDS = 0.25
"""How long before its time a start is granted: long enough that those who wait lose none of the pace, and
short enough that one who dies, or a vendor who asks for a pause, finds little granted."""


@dataclass(frozen=True, slots=True)
class Start:
    """The start that was granted, or none yet; either way how many seconds to wait before going on.

    Without `granted_at` the wait is until asking again makes sense.
    """

    granted_at: datetime | None
    wait_seconds: float


class Pace:
    """The next free start of each name, like a model of an account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grant(self, name: str, per_second: float) -> Start:
        """Take the next free start if it is near enough.

        By the times granted there are never more than `per_second` in any window of one second. A holder
        that dies while it waits loses that one start and holds up nobody.
        """
        with self._database.writing(f"pace {name}", durable=False) as connection:
            asked_at = self._database.now(connection)
            next_at = self._next_at(connection, name)
            granted_at = max(asked_at, next_at or asked_at)
            wait_seconds = (granted_at - asked_at).total_seconds()
            if wait_seconds > AHEAD_SECONDS:
                return Start(None, wait_seconds - AHEAD_SECONDS)
            following = granted_at + timedelta(seconds=SLACK / per_second)
            self._write(connection, name, following, is_new=next_at is None)
        return Start(granted_at, wait_seconds)

    def slow_down(self, name: str, seconds: float) -> None:
        """Grant nobody a start for so many seconds, because the vendor answered that it is too much."""
        with self._database.writing(f"pace {name}", durable=False) as connection:
            until = self._database.now(connection) + timedelta(seconds=seconds)
            next_at = self._next_at(connection, name)
            if next_at is None or next_at < until:
                self._write(connection, name, until, is_new=next_at is None)

    @staticmethod
    def _next_at(connection: Connection, name: str) -> datetime | None:
        query = select(pace.c.next_at).where(pace.c.name == name)
        return connection.execute(query).scalar_one_or_none()

    @staticmethod
    def _write(connection: Connection, name: str, next_at: datetime, *, is_new: bool) -> None:
        change = insert(pace) if is_new else update(pace).where(pace.c.name == name)
        connection.execute(change.values(name=name, next_at=next_at))
