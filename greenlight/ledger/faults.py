"""Say in a sentence what is wrong with the database of the books; its password is never part of it."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import SQLAlchemyError

LOOK_AT = "look at GREENLIGHT_HOME or GREENLIGHT_LEDGER_URL"
LOCKED = "is kept locked by another process; try again, or stop the process that holds it"
FULL = "has no room left on its disk; make room and try again"
DAMAGED = (
    "is no database or is damaged; put it back from a copy, or move it away to begin a new one"
)

SQLITE_FAULTS = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: f"may not be written; {LOOK_AT}",
    sqlite3.SQLITE_CANTOPEN: f"cannot be opened; {LOOK_AT}",
    sqlite3.SQLITE_NOTADB: f"{DAMAGED}; {LOOK_AT}",
    sqlite3.SQLITE_CORRUPT: f"{DAMAGED}; {LOOK_AT}",
}
"""By SQLite's primary result codes (sqlite.org/rescode.html)."""

POSTGRESQL_FAULTS = {
    "53100": FULL,
    "55P03": LOCKED,
    "25P03": "has given up a transaction that stood still too long; try again",
    "42501": "may not be read or written by this user; give it the right to, or name another one in "
    "GREENLIGHT_LEDGER_URL",
}
"""By SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html)."""


def describe(error: SQLAlchemyError) -> str:
    """Return what is wrong, so that "the ledger X" can stand before it."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        # The upper bits of a code only say more about the same fault.
        known = SQLITE_FAULTS.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    else:
        known = POSTGRESQL_FAULTS.get(getattr(cause, "sqlstate", None) or "")
    return known or _describe_other(" ".join(str(cause).split()))


def _describe_other(text: str) -> str:
    if "password authentication failed" in text or "no password supplied" in text:
        return "refuses the user or the password in GREENLIGHT_LEDGER_URL; correct them there"
    if "connection failed" in text or "could not connect" in text:
        # What libpq asks after that, the advice says.
        what = text.removeprefix("connection failed: ").partition(" Is the server running")[0]
        return f"cannot be reached ({what}); see that the database runs, and {LOOK_AT}"
    return f"cannot be used ({text}); {LOOK_AT}"
