"""Lend names to one holder at a time, for a time that ends by itself when the holder dies."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from greenlight.ledger.database import Database, now
from greenlight.ledger.schema import leases


class Leases:
    """Names that one process holds at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, name: str, seconds: float) -> str | None:
        """Return a token if the name was free or its lease had ended, else `None`."""
        token = secrets.token_hex(16)
        values = {"token": token, "until": now() + timedelta(seconds=seconds)}
        with self._database.writing() as connection:
            until = connection.execute(
                select(leases.c.until).where(leases.c.name == name)
            ).scalar_one_or_none()
            if until is None:
                connection.execute(insert(leases).values(name=name, **values))
            elif until <= now():
                connection.execute(update(leases).where(leases.c.name == name).values(values))
            else:
                return None
        return token

    def release(self, name: str, token: str) -> None:
        """Give a name back; a lease that somebody else took over meanwhile stays theirs."""
        with self._database.writing() as connection:
            connection.execute(delete(leases).where(leases.c.name == name, leases.c.token == token))
