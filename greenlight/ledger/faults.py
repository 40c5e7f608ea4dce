"""Say in a sentence what is wrong with the database of the ledger; its password is never part of it."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import SQLAlchemyError

Fault = tuple[str, str]
"""What is wrong, to stand after the ledger's name, and what to do."""

CHECK = "check GREENLIGHT_HOME or GREENLIGHT_LEDGER_URL"
LOCKED = ("is locked by another process", "try again, or stop the process that locks it")
FULL = ("has no space left on its disk", "make room and try again")
DAMAGED = (
    "is not a database, or is damaged",
    f"restore it from a copy, or move it away to begin a new one; {CHECK}",
)

SQLITE_FAULTS: dict[int, Fault] = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: ("is read-only", CHECK),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", CHECK),
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
}
"""By SQLite's primary result codes (sqlite.org/rescode.html)."""

POSTGRESQL_FAULTS: dict[str, Fault] = {
    "53100": FULL,
    "55P03": LOCKED,
    "25P03": ("has ended a transaction that was idle for too long", "try again"),
    "42501": (
        "may not be read or written by this user",
        "give it permission, or name another user in GREENLIGHT_LEDGER_URL",
    ),
}
"""By SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html)."""


def describe(error: SQLAlchemyError) -> Fault:
    """Return what is wrong, so that "the ledger X" can stand before it, and what to do."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        # The upper bits of a code only say more about the same fault.
        known = SQLITE_FAULTS.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    else:
        known = POSTGRESQL_FAULTS.get(getattr(cause, "sqlstate", None) or "")
    return known or _describe_other(" ".join(str(cause).split()))


def _describe_other(text: str) -> Fault:
    if "password authentication failed" in text or "no password supplied" in text:
        return "refuses the user or the password in GREENLIGHT_LEDGER_URL", "correct them there"
    if "connection failed" in text or "could not connect" in text:
        # What libpq asks after that, the advice says.
        what = text.removeprefix("connection failed: ").partition(" Is the server running")[0]
        return f"cannot be reached ({what})", f"make sure that the database runs, and {CHECK}"
    return f"cannot be used ({text})", CHECK
