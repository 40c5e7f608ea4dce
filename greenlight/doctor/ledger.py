"""Say whether the ledger can be opened and written, without changing anything in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from greenlight.doctor.findings import Finding, broken, ok
from greenlight.doctor.folders import why_unwritable
from greenlight.ledger.addresses import ELSEWHERE, read_address, why_not_there
from greenlight.ledger.faults import describe
from greenlight.ledger.schema import REVISION, read_revision

SUBJECT: Final = "ledger"
BUSY_SECONDS: Final = 1
"""The ledger itself waits thirty times as long for another one's write."""
TABLES: Final = ("checks", "jobs", "leases", "pace")


def examine_ledger(url: str, *, seconds: float) -> Iterator[Finding]:
    """Yield how it is with the ledger; `LedgerError` says what is wrong with its address.

    A SQLite file that is not there is not made, and tables of an older version stay as they are.
    """
    address = read_address(url)
    shown = address.set(query={}, drivername=address.get_backend_name())
    name = shown.render_as_string(hide_password=True)
    is_file = address.get_backend_name() == "sqlite"
    if is_file and (finding := _of_file(Path(address.database or ""))):
        yield finding
        return
    engine = _open(address, seconds)
    try:
        with engine.connect() as connection:
            found = read_revision(connection)
            _try_to_write(connection, has_tables=found is not None)
        yield _of_revision(name, found)
    except SQLAlchemyError as error:
        fault, advice = describe(error)
        yield broken(SUBJECT, f"{name} {fault}", advice)
    finally:
        engine.dispose()


def _open(address: URL, seconds: float) -> Engine:
    if address.get_backend_name() == "sqlite":
        waits = {"timeout": BUSY_SECONDS}
        return create_engine(
            address, hide_parameters=True, poolclass=NullPool, connect_args=waits
        ).execution_options(isolation_level="AUTOCOMMIT")
    # At least 2: libpq takes a shorter time for that.
    brief = address.update_query_dict({"connect_timeout": str(max(2, int(seconds / 2)))})
    return create_engine(brief, hide_parameters=True, poolclass=NullPool)


def _try_to_write(connection: Connection, *, has_tables: bool) -> None:
    """Take the locks of a writer, and give them back."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("BEGIN IMMEDIATE"))
        connection.execute(text("ROLLBACK"))
        return
    connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
    if has_tables:
        connection.execute(text(f"LOCK TABLE {', '.join(TABLES)} IN ROW EXCLUSIVE MODE"))
    connection.rollback()


def _of_revision(name: str, found: str | None) -> Finding:
    if found == REVISION:
        return ok(SUBJECT, f"{name} can be written")
    if found is None:
        return ok(SUBJECT, f"{name} has no tables yet; they are made when it is first used")
    if found.isdigit() and found < REVISION:
        return ok(
            SUBJECT,
            f"{name} has tables of revision {found}; they are brought to {REVISION} when it is next used",
        )
    return broken(
        SUBJECT,
        f"{name} has tables of revision {found}, which this version of Greenlight does not know",
        "use the newer version that wrote it, here and on every machine that shares it",
    )


def _of_file(file: Path) -> Finding | None:
    """Return what is to be said of a SQLite file before it is opened; nothing where it can be."""
    if why := why_not_there(file):
        return broken(SUBJECT, f"{file} {why}", ELSEWHERE)
    return None if file.exists() else _not_made_yet(file)


def _not_made_yet(file: Path) -> Finding:
    if why := why_unwritable(file.absolute().parent):
        return broken(
            SUBJECT,
            f"{file} does not exist and cannot be made ({why})",
            "check GREENLIGHT_HOME or GREENLIGHT_LEDGER_URL",
        )
    return ok(SUBJECT, f"{file} does not exist yet; it is made when it is first used")
