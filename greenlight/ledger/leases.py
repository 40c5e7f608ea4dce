"""Lend names to one holder at a time, for a time that ends by itself when the holder dies."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from greenlight.ledger.database import Database
from greenlight.ledger.schema import leases


class Leases:
    """Names that one process holds at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, name: str, seconds: float) -> str | None:
        """Return a token if the name was free or its lease had ended, else `None`."""
        token = secrets.token_hex(16)
        with self._database.writing(f"lease {name}", durable=False) as connection:
            at = self._database.now(connection)
            values = {"token": token, "until": at + timedelta(seconds=seconds)}
            until = connection.execute(
                select(leases.c.until).where(leases.c.name == name)
            ).scalar_one_or_none()
            if until is None:
                connection.execute(insert(leases).values(name=name, **values))
            elif until <= at:
                connection.execute(update(leases).where(leases.c.name == name).values(values))
            else:
                return None
        return token

    def renew(self, name: str, token: str, seconds: float) -> bool:
        """Make a lease last so many seconds from now; false if it had ended, whoever has it now."""
        with self._database.writing(f"lease {name}", durable=False) as connection:
            at = self._database.now(connection)
            renewed = connection.execute(
                update(leases)
                .where(leases.c.name == name, leases.c.token == token, leases.c.until > at)
                .values(until=at + timedelta(seconds=seconds))
            )
            return renewed.rowcount == 1

    def release(self, name: str, token: str) -> None:
        """Give a name back; a lease that somebody else took over meanwhile stays theirs."""
        with self._database.writing(f"lease {name}", durable=False) as connection:
            connection.execute(delete(leases).where(leases.c.name == name, leases.c.token == token))
