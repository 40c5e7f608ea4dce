"""Flows that end in every way, and a process that serves them: `python -m tests.deployments.toys`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from prefect import flow

from deployments.serving import serve

WAYS = ("ends", "crashes", "spins")
DEFINITIONS = [{"name": way, "entrypoint": f"tests.deployments.toys.{way}"} for way in WAYS]


@flow
def ends(note: str) -> None:
    """Write down the process, the one that it was forked from, and what is imported there."""
    has_films = "flows.portrait_to_video" in sys.modules
    Path(note).write_text(f"{os.getpid()} {os.getppid()} {has_films}")


@flow
def crashes() -> None:
    """End without a word, as for want of memory."""
    os._exit(9)


@flow
def spins(note: str) -> None:
    """Never come to an end."""
    Path(note).write_text(str(os.getpid()))
    while True:
        pass


if __name__ == "__main__":
    from tests.deployments.toys import DEFINITIONS as THEIRS

    asyncio.run(serve(THEIRS, grace_seconds=1))
