"""Count how often a verdict was renewed, so that what is kept of one elsewhere is never older."""

from __future__ import annotations

from sqlalchemy import func, select

from greenlight.ledger.database import Database
from greenlight.ledger.schema import checks


class Renewals:
    """The checks that were answered again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, key: str) -> int:
        """Return how many checks of a key were answered beyond the first; 0 also where none was."""
        answered = (checks.c.key == key, checks.c.outcome == "answered")
        with self._database.reading() as connection:
            found = connection.execute(select(func.count()).where(*answered)).scalar_one()
        return max(0, found - 1)
