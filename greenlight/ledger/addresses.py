"""Read the address of a ledger: a SQLite file of this machine, or a PostgreSQL database to share."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from greenlight.errors import LedgerError
from greenlight.ledger.mounts import shared_drive_of

BUSY_SECONDS = 30
"""How long one process waits for another one's write."""
CONNECT_SECONDS = 10
STOOD_STILL_SECONDS = 60
"""After this PostgreSQL ends a transaction whose machine vanished without a word."""

NAME = "GREENLIGHT_LEDGER_URL"
WRITE_ONE = "write sqlite:////home/me/ledger.db or postgresql://user:password@host/database"

ELSEWHERE = (
    "name a folder of this machine in GREENLIGHT_HOME, or a PostgreSQL database in "
    "GREENLIGHT_LEDGER_URL"
)


def read_address(text: str) -> URL:
    """Return a ledger's address with the driver that is used for it; `LedgerError` if it is not one."""
    try:
        address = make_url(text)
    except (ArgumentError, ValueError):
        # What cannot be read may hold the password anywhere: none of it is repeated.
        raise LedgerError(
            "is not a database address", WRITE_ONE, subject=NAME, could_cost=False
        ) from None
    kind = address.drivername.partition("+")[0]
    if kind in {"postgresql", "postgres"}:
        return _postgresql(address)
    if kind != "sqlite" or address.database in {None, "", ":memory:"}:
        raise LedgerError(
            f"cannot be {address.render_as_string()}", WRITE_ONE, subject=NAME, could_cost=False
        )
    return address


def make_folder(address: URL) -> None:
    """Make the folder that a SQLite file lies in; `LedgerError` says why not."""
    file = Path(address.database or "")
    if why := why_not_there(file):
        raise LedgerError(why, ELSEWHERE, subject=f"the ledger {file}")
    folder = file.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"cannot be made ({error.strerror})",
            "check GREENLIGHT_HOME or GREENLIGHT_LEDGER_URL",
            subject=f"the ledger's folder {folder}",
        ) from error


def why_not_there(file: Path) -> str | None:
    """Return why a SQLite file cannot keep the books where it lies, to stand after its name."""
    drive = shared_drive_of(file)
    if drive is None:
        return None
    return (
        f"is on a network drive ({drive}), where SQLite's locks do not hold between machines, so two of them "
        "could pay for the same work"
    )


def _postgresql(address: URL) -> URL:
    settings = {
        "connect_timeout": str(CONNECT_SECONDS),
        "application_name": "greenlight",
        "options": f"-c lock_timeout={BUSY_SECONDS}s"
        f" -c idle_in_transaction_session_timeout={STOOD_STILL_SECONDS}s",
    }
    return address.set(drivername="postgresql+psycopg", query=settings | dict(address.query))
