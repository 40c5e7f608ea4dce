"""Open the database of the books: short transactions, one clock, and faults as sentences."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from greenlight.errors import LedgerError
from greenlight.ledger.addresses import BUSY_SECONDS, make_folder, read_address
from greenlight.ledger.faults import describe
from greenlight.ledger.schema import REVISION, read_revision

Clock = Callable[[], datetime]


class Database:
    """A database with short transactions; none is open while anything waits.

    Its clock is the one that everybody who shares it agrees on: PostgreSQL's own, and this machine's for
    a SQLite file. Another `clock` may be given, which answers with aware times.
    """

    def __init__(self, url: str, *, clock: Clock | None = None) -> None:
        address = read_address(url)
        without_settings = address.set(query={}, drivername=address.get_backend_name())
        self.shown = without_settings.render_as_string(hide_password=True)
        self._clock = clock
        self._is_shared = address.get_backend_name() == "postgresql"
        self._engine = _open_postgresql(address) if self._is_shared else _open_sqlite(address)
        try:
            self._bring_up_to_date()
        except BaseException:
            self.close()
            raise

    def _bring_up_to_date(self) -> None:
        with self.reading() as connection:
            found = read_revision(connection)
        if found != REVISION:
            from greenlight.ledger.migrating import migrate

            with self.writing("tables") as connection:
                migrate(connection, self.shown)

    @contextmanager
    def writing(self, *names: str, durable: bool = True) -> Iterator[Connection]:
        """Open a transaction that no other one with one of these names overlaps.

        SQLite has one writer at a time anyway. In PostgreSQL the names are locks, which end with the
        transaction, or with the connection when the process dies. What is not `durable` outlives every
        process, but perhaps not a machine that loses its power: it spares a wait for the disk.
        """
        engine = self._engine if durable else self._engine.execution_options(durable=False)
        with self._explained(), engine.begin() as connection:
            if self._is_shared and not durable:
                connection.execute(text("SET LOCAL synchronous_commit TO off"))
            if self._is_shared:
                # Always in the same order, so that two transactions never wait for each other.
                for name in sorted(names):
                    number = func.hashtextextended(f"greenlight {name}", 0)
                    connection.execute(select(func.pg_advisory_xact_lock(number)))
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection for reading, which waits for nobody."""
        with (
            self._explained(),
            self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            yield connection

    def beside(self, name: str) -> Path | None:
        """Return a path beside the file of a SQLite database; one on a server has none."""
        if self._is_shared:
            return None
        file = Path(str(self._engine.url.database))
        return file.with_name(f"{file.name}-{name}")

    def now(self, connection: Connection) -> datetime:
        """Return the time that decides about leases, the pace and the day of a budget, in UTC."""
        if self._clock is not None:
            return self._clock()
        if self._is_shared:
            # The time of now, not of the transaction's begin, which may have waited for a lock since.
            answer: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            return answer.astimezone(UTC)
        return now()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise LedgerError(*describe(error), subject=f"the ledger {self.shown}") from error

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def now() -> datetime:
    """Return this machine's time, which decides nothing in a ledger that machines share."""
    return datetime.now(UTC)


def _open_postgresql(address: URL) -> Engine:
    return create_engine(
        address,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        hide_parameters=True,
        # Renewals of leases must not wait until another thread gives its connection back.
        max_overflow=-1,
    )


def _open_sqlite(address: URL) -> Engine:
    make_folder(address)
    engine = create_engine(address, hide_parameters=True, max_overflow=-1)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_immediately)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transactions begin too late for compare-and-set: `_begin_immediately` begins them.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    _turn_on_wal(connection)


def _turn_on_wal(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log; while others do the same, SQLite answers "busy" without waiting."""
    ends_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > ends_at:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_immediately(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        level = "FULL" if options.get("durable", True) else "NORMAL"
        connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
