"""Grant starts at a pace that all processes of a ledger keep together."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from greenlight.ledger.database import Database, now
from greenlight.ledger.schema import pace

SLACK = 1.016
"""Starts stand this much further apart than the limit asks, so that a start that arrives a few
milliseconds early is not the sixth of a second: at 5 a second 4.92 are granted."""


class Pace:
    """The next free start of each name, like a model of an account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grant(self, name: str, per_second: float) -> float:
        """Take the next free start, and return how many seconds to wait for it.

        A holder that dies while it waits loses that one start and holds up nobody.
        """
        apart = timedelta(seconds=SLACK / per_second)
        with self._database.writing() as connection:
            asked_at = now()
            next_at = connection.execute(
                select(pace.c.next_at).where(pace.c.name == name)
            ).scalar_one_or_none()
            if next_at is None:
                connection.execute(insert(pace).values(name=name, next_at=asked_at + apart))
                return 0.0
            granted_at = max(asked_at, next_at)
            self._set(connection, name, granted_at + apart)
        wait: timedelta = granted_at - asked_at
        return wait.total_seconds()

    def slow_down(self, name: str, seconds: float) -> None:
        """Let nobody start for so many seconds, because the vendor answered that it is too much."""
        with self._database.writing() as connection:
            until = now() + timedelta(seconds=seconds)
            next_at = connection.execute(
                select(pace.c.next_at).where(pace.c.name == name)
            ).scalar_one_or_none()
            if next_at is not None and next_at < until:
                self._set(connection, name, until)

    @staticmethod
    def _set(connection: Connection, name: str, next_at: datetime) -> None:
        connection.execute(update(pace).where(pace.c.name == name).values(next_at=next_at))
