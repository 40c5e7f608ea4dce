"""Keep the studio's state in one SQLite file, which survives a restart and a killed process."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from greenlight.errors import SettingsError

Value = str | int | float | bytes | None

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    endpoint TEXT PRIMARY KEY, received INTEGER NOT NULL, throttled INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS arrivals (
    number INTEGER PRIMARY KEY, model TEXT NOT NULL, at_seconds REAL NOT NULL, accepted INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS thumbnails (sha256 TEXT PRIMARY KEY, jpeg BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS checks (
    number INTEGER PRIMARY KEY, request_id TEXT NOT NULL, model TEXT NOT NULL, at_ms INTEGER NOT NULL,
    image_url TEXT NOT NULL, sha256 TEXT NOT NULL, parameters TEXT NOT NULL,
    width_px INTEGER NOT NULL, height_px INTEGER NOT NULL,
    status INTEGER NOT NULL, output TEXT NOT NULL, seen TEXT NOT NULL, cost_cny TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY, task_id TEXT NOT NULL UNIQUE, request_id TEXT NOT NULL, model TEXT NOT NULL,
    input TEXT NOT NULL, parameters TEXT NOT NULL, status TEXT NOT NULL, submitted_ms INTEGER NOT NULL,
    scheduled_ms INTEGER, ended_ms INTEGER, listed_from_ms INTEGER NOT NULL,
    planned_failure TEXT, code TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '',
    video TEXT NOT NULL DEFAULT '', template_id TEXT NOT NULL DEFAULT '',
    usage TEXT NOT NULL DEFAULT '{}', digests TEXT NOT NULL DEFAULT '{}',
    seconds REAL NOT NULL DEFAULT 0, cost_cny TEXT NOT NULL DEFAULT '0'
);
CREATE INDEX IF NOT EXISTS jobs_by_model ON jobs (model, status);
"""
_TABLES: Final = ("requests", "arrivals", "thumbnails", "checks", "jobs")


class StudioStartError(SettingsError):
    """A studio cannot start."""


class Store:
    """Run statements on the state; every one is committed before it returns."""

    def __init__(self, path: Path) -> None:
        # Opened by the thread that starts the studio and then used by its event loop alone.
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=0.25
        )
        self._connection.row_factory = sqlite3.Row
        try:
            # Exclusive: two studios on one home would each run the jobs.
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            self._connection.close()
            raise StudioStartError(
                f"the studio's state in {path.parent} cannot be used ({error})",
                "end the other studio that uses it, or choose another home",
            ) from error

    def run(self, statement: str, values: Sequence[Value] | Mapping[str, Value] = ()) -> int:
        """Run a statement and return how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def rows(
        self, query: str, values: Sequence[Value] | Mapping[str, Value] = ()
    ) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def row(
        self, query: str, values: Sequence[Value] | Mapping[str, Value] = ()
    ) -> sqlite3.Row | None:
        """Return the first row of a query, if there is one."""
        found: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
        return found

    def scalar(self, query: str, values: Sequence[Value] = ()) -> Any:
        """Return the first column of the first row."""
        row = self.row(query, values)
        return None if row is None else row[0]

    def secret(self, name: str) -> bytes:
        """Return a random secret of this home, made when first asked for."""
        self.run(
            "INSERT OR IGNORE INTO secrets VALUES (?, ?)",
            (name, secrets.token_hex(32)),
        )
        value: str = self.scalar("SELECT value FROM secrets WHERE name = ?", (name,))
        return value.encode()

    def clear(self) -> None:
        """Forget everything but the secrets."""
        for table in _TABLES:
            self.run(f"DELETE FROM {table}")  # noqa: S608 - the names stand above

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
