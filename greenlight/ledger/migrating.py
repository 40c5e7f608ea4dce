"""Bring a ledger's tables to what this code expects, losing nothing.

Imported only when there is something to do: Alembic takes longer than a whole check.
"""

from __future__ import annotations

import threading

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from greenlight.errors import LedgerError
from greenlight.ledger.schema import read_revision

BEFORE_REVISIONS = "0001"
"""What a ledger is that has tables, but does not know of revisions."""

_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration that runs in global variables."""


def migrate(connection: Connection, shown: str) -> None:
    """Make or change the tables in the transaction of a connection that no other process overlaps.

    Raises `LedgerError` for a ledger of a revision that this code does not know.
    """
    config = Config()
    config.set_main_option("script_location", "greenlight.ledger:migrations")
    config.attributes["connection"] = connection
    found = read_revision(connection)
    with _ONE_AT_A_TIME:
        if found is None and inspect(connection).has_table("jobs"):
            command.stamp(config, BEFORE_REVISIONS)
        elif found is not None and found not in _known(config):
            raise LedgerError(
                f"has tables of revision {found}, which this version of Greenlight does not know",
                "use the newer version that wrote it",
                subject=f"the ledger {shown}",
            )
        command.upgrade(config, "head")


def _known(config: Config) -> set[str]:
    return {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
