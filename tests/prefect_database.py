"""Give every Prefect server of the tests a database that has its tables already.

Making them takes 7 s of a processor, which each server would pay that starts on an empty file.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
MADE = ROOT / "build" / f"prefect-{version('prefect')}.db"
QUICK_START = {
    # A server on such a database need not look for missing tables, nor register blocks that nobody asks for.
    "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
}
UPGRADE = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]


def copy_database(place: Path) -> None:
    """Put a database there, in which nothing has happened yet; `prefect.db` is the one in Prefect's home."""
    _make_once()
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(MADE, place)


def _make_once() -> None:
    MADE.parent.mkdir(exist_ok=True)
    with MADE.with_suffix(".lock").open("w") as lock:
        # The processes of a test run come here at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not MADE.exists():
            _make()


def _make() -> None:
    new = MADE.with_suffix(".new")
    new.unlink(missing_ok=True)
    places = {
        "PREFECT_HOME": str(MADE.parent / "prefect"),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{new}",
    }
    subprocess.run(UPGRADE, env=os.environ | places, check=True, capture_output=True)
    new.rename(MADE)
