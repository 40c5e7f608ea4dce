"""Open the database of the books, and turn its faults into sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from greenlight.errors import LedgerError
from greenlight.ledger.schema import metadata

BUSY_SECONDS = 30
"""How long one process waits for another one's write."""


class Database:
    """A database with short transactions; none is open while anything waits."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise LedgerError("GREENLIGHT_LEDGER_URL is no database address") from None
        self.shown = parsed.render_as_string(hide_password=True)
        if parsed.drivername.startswith("sqlite") and parsed.database:
            self._make_folder(Path(parsed.database).parent)
        self._engine = create_engine(parsed)
        if parsed.drivername.startswith("sqlite"):
            event.listen(self._engine, "connect", _set_up_sqlite)
            event.listen(self._engine, "begin", _begin_immediately)
        with self.writing() as connection:
            metadata.create_all(connection)

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(
                f"the ledger's folder {folder} cannot be made ({error.strerror})"
            ) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that no other writer overlaps."""
        with self._explained(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection for reading, which waits for nobody."""
        with (
            self._explained(),
            self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise LedgerError(
                f"the ledger {self.shown} cannot be used ({cause}); "
                "look at GREENLIGHT_HOME or GREENLIGHT_LEDGER_URL"
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def now() -> datetime:
    """Return the time that the books are kept by."""
    return datetime.now(UTC)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transactions begin too late for compare-and-set: `_begin_immediately` begins them.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_immediately(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
