"""Film one brief in a process of its own, which may be told to die: `python -m tests.chaos.victim SPEC`.

SPEC is JSON: `portrait`, `sound`, `model`, `out`, and `die`: a dotted name of a function or method, and
whether the process kills itself when it is called (`before`) or when it has returned (`after`).
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from greenlight.briefs import Brief
from greenlight.drives import examine_drives
from greenlight.errors import EXPLAINED
from greenlight.filming.collecting import collect
from greenlight.filming.filmer import Filmer
from greenlight.filming.orders import order_video
from greenlight.ledger import JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.patience import patiently
from greenlight.portraits.pictures import examine
from greenlight.screening import Screener
from greenlight.settings import read_settings


def arm(name: str, moment: str) -> None:
    """Let this process die as if the power went, at a call of the named function."""
    module_name, _, path = name.partition(":")
    *owners, last = path.split(".")
    owner: Any = importlib.import_module(module_name)
    for part in owners:
        owner = getattr(owner, part)
    original = getattr(owner, last)

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(original)
    async def dying_async(*arguments: Any, **options: Any) -> Any:
        if moment == "before":
            die()
        answer = await original(*arguments, **options)
        die()
        return answer

    @functools.wraps(original)
    def dying(*arguments: Any, **options: Any) -> Any:
        if moment == "before":
            die()
        answer = original(*arguments, **options)
        die()
        return answer

    setattr(owner, last, dying_async if inspect.iscoroutinefunction(original) else dying)


def fill_the_disk() -> None:
    """Let every write beyond 20 kB of a file fail, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))


async def film(spec: dict[str, Any]) -> str:
    """Do what the flow does, without a Prefect server, and return the job's state."""
    settings = read_settings()
    brief = Brief(portrait=spec["portrait"], models=(spec["model"],), sound=spec["sound"])
    (family,) = brief.families()
    portrait, drives = await asyncio.gather(examine(brief.portrait), examine_drives(brief))
    drive = drives.of(family)
    assert drive is not None
    with Ledger(settings.ledger_url) as ledger:
        async with ModelStudio(
            settings.require_key(), base_url=settings.base_url, timeout_seconds=2
        ) as studio:
            screener = Screener(studio=studio, ledger=ledger, lease_seconds=settings.lease_seconds)
            screening = await patiently(lambda: screener.screen(portrait, family))
            order = order_video(
                brief, family, portrait, screening.verdict, drive, out=Path(spec["out"])
            )
            filmer = Filmer(
                studio=studio,
                ledger=ledger,
                poll_seconds=settings.poll_seconds,
                lease_seconds=settings.lease_seconds,
            )
            job, _ = await filmer.submit(
                order.new_job(studio.service),
                lambda: order.request(studio, settings.delivery),
                starts_per_second=order.model.starts_per_second,
            )
            if spec.get("full_disk"):
                fill_the_disk()
            if job.state in {JobState.SUBMITTED, JobState.SUCCEEDED}:
                job = await collect(filmer, job, None, wait_seconds=20)
            return job.state.value


def main() -> int:
    """Film, and say in one line how it ended."""
    spec = json.loads(sys.argv[1])
    if spec.get("die"):
        arm(*spec["die"])
    try:
        print(asyncio.run(film(spec)))
    except EXPLAINED as error:
        print(f"{type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
