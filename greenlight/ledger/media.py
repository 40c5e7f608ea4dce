"""Remember what was found out about pictures, sounds, videos and briefs, so that none is read twice.

A medium is known by what a listing alone can say of it (`seen`): in S3 its ETag, its size and whether it has
a SHA-256, in a folder its path, size and time. Other content is seen otherwise, and so is the same content
under another identity, so nothing here ever becomes wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Row, delete, insert, select

from greenlight.ledger.database import Database
from greenlight.ledger.schema import media

SEEN_AT_ONCE = 5_000
"""Databases take a limited number of values with one query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMedium:
    """What was found out about a medium: its identity and facts, or the problem with it."""

    seen: str
    identity: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    """Why it cannot be used, in a sentence; "" where it can."""


class Media:
    """The media that were looked at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find_many(self, seen: Iterable[str]) -> dict[str, KnownMedium]:
        """Return what is known of media, by what they are seen as."""
        remaining = iter(seen)
        found: dict[str, KnownMedium] = {}
        with self._database.reading() as connection:
            while batch := list(islice(remaining, SEEN_AT_ONCE)):
                rows = connection.execute(select(media).where(media.c.seen.in_(batch)))
                found |= {row.seen: _read(row) for row in rows}
        return found

    def remember(self, known: Sequence[KnownMedium]) -> None:
        """Write down what was found out; it can be found out again, so it does not wait for the disk."""
        rows = [_row(one) for one in {one.seen: one for one in known}.values()]
        if not rows:
            return
        with self._database.writing("media", durable=False) as connection:
            connection.execute(delete(media).where(media.c.seen.in_([row["seen"] for row in rows])))
            connection.execute(insert(media), rows)


def _row(known: KnownMedium) -> dict[str, str]:
    return {
        "seen": known.seen,
        "identity": known.identity,
        "facts": json.dumps(known.facts, ensure_ascii=False),
        "problem": known.problem,
    }


def _read(row: Row[Any]) -> KnownMedium:
    return KnownMedium(**row._asdict() | {"facts": json.loads(row.facts)})
