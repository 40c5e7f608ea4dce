"""Grant starts at a pace that all processes of a ledger keep together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from greenlight.ledger.database import Database
from greenlight.ledger.schema import pace

SLACK = 1.019
"""Starts stand this much further apart than the limit asks, so that a start that arrives a few
milliseconds early is not the sixth of a second: at 5 a second 4.907 are granted."""

AHEAD_SECONDS = 0.25
"""How long before its time a start is granted: long enough that those who wait lose none of the pace, and
short enough that one who dies, or a vendor who asks for a pause, finds little granted."""

LATE_SECONDS = 0.015
"""A start that is used later than this is given up for a new one: others may have been granted meanwhile, and
together they would be too many. It is a little less than what the slack leaves in a second."""


@dataclass(frozen=True, slots=True)
class Start:
    """The start that was granted, or none yet; either way how many seconds to wait before going on.

    Without `granted_at` the wait is until asking again makes sense.
    """

    granted_at: datetime | None
    wait_seconds: float
    due: float
    """When it is to be used, or when to ask again, by `time.monotonic`."""

    @property
    def is_late(self) -> bool:
        """Whether it was granted for a moment that has passed."""
        return time.monotonic() - self.due > LATE_SECONDS


class Pace:
    """The next free start of each name, like a model of an account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grant(self, name: str, per_second: float) -> Start:
        """Take the next free start if it is near enough.

        By the times granted there are never more than `per_second` in any window of one second. A holder
        that dies while it waits loses that one start and holds up nobody.
        """
        with self._database.writing(lock_of(name), durable=False) as connection:
            return take(connection, name, per_second, self._database.now(connection))

    def remaining_seconds(self, name: str) -> float:
        """Return how long it is until a start can be granted; nothing is written."""
        with self._database.reading() as connection:
            row = _row(connection, name)
            if row is None:
                return 0.0
            at = self._database.now(connection)
            if _was_put_back(row, at):
                # Whoever takes a start writes it down anew.
                return 0.0
            next_at: datetime = row.next_at
            return max(0.0, (next_at - at).total_seconds() - AHEAD_SECONDS)

    def slow_down(self, name: str, seconds: float) -> None:
        """Grant nobody a start for so many seconds, because the vendor answered that it is too much."""
        with self._database.writing(lock_of(name), durable=False) as connection:
            at = self._database.now(connection)
            until = at + timedelta(seconds=seconds)
            row = _row(connection, name)
            if row is None or _rightly_next(row, at) < until:
                _write(connection, name, until, at, is_new=row is None)


def lock_of(name: str) -> str:
    """Return the name under which the transactions about a pace wait for each other."""
    return f"pace {name}"


def take(connection: Connection, name: str, per_second: float, at: datetime) -> Start:
    """Take the next free start if it is near enough, in a transaction that has the pace's lock."""
    row = _row(connection, name)
    granted_at = at if row is None else max(at, _rightly_next(row, at))
    wait_seconds = (granted_at - at).total_seconds()
    due = time.monotonic() + wait_seconds
    if wait_seconds > AHEAD_SECONDS:
        if row is not None and _was_put_back(row, at):
            _write(connection, name, granted_at, at, is_new=False)
        return Start(None, wait_seconds - AHEAD_SECONDS, due - AHEAD_SECONDS)
    following = granted_at + timedelta(seconds=SLACK / per_second)
    _write(connection, name, following, at, is_new=row is None)
    return Start(granted_at, wait_seconds, due)


def _rightly_next(row: Row[Any], at: datetime) -> datetime:
    """Return the next start; after the clock was put back no more is waited than was to wait before."""
    next_at: datetime = row.next_at
    return at + (next_at - row.written_at) if _was_put_back(row, at) else next_at


def _was_put_back(row: Row[Any], at: datetime) -> bool:
    """Whether the clock shows less than when the row was written."""
    return row.written_at is not None and row.written_at > at


def _row(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(pace).where(pace.c.name == name)).one_or_none()


def _write(
    connection: Connection, name: str, next_at: datetime, at: datetime, *, is_new: bool
) -> None:
    change = insert(pace) if is_new else update(pace).where(pace.c.name == name)
    connection.execute(change.values(name=name, next_at=next_at, written_at=at))
