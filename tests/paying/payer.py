"""Pay as a process of its own: `python -m tests.paying.payer JSON`, and print what came of it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from greenlight.ledger import Ledger
from greenlight.media.portraits import examine
from greenlight.modelstudio.client import ModelStudio
from greenlight.paying import holding
from greenlight.screening.screener import Screener, Screening
from tests.production import produce

SAMPLES = Path(__file__).parents[2] / "samples"


def stop() -> None:
    """Stand still, like a process that was suspended, until somebody wakes it."""
    # To this thread, which would run on for a moment if another one were stopped first.
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def stop_at(ledger: Ledger, when: str) -> None:
    """Stand still once, before or after the first request is booked as sent.

    Not in a transaction, as of a renewal: whoever stops there keeps a SQLite file locked.
    """
    if not when:
        return
    begin, writing, quiet = ledger.payments.begin, ledger._database.writing, threading.RLock()

    @contextmanager
    def one_at_a_time(*names: str, durable: bool = True) -> Iterator[Connection]:
        with quiet, writing(*names, durable=durable) as connection:
            yield connection

    def stopping(*asked: Any) -> Any:
        ledger.payments.begin = begin  # type: ignore[method-assign]
        if when == "before the booking":
            with quiet:
                stop()
        begun = begin(*asked)
        if when == "after the booking":
            with quiet:
                stop()
        return begun

    ledger._database.writing = one_at_a_time  # type: ignore[method-assign]
    ledger.payments.begin = stopping  # type: ignore[method-assign]


async def check_all(
    studio: ModelStudio, ledger: Ledger, portraits: list[str], **options: Any
) -> list[Any]:
    """Check portraits, all at once; return whether each was cached."""
    from greenlight.modelstudio import catalog

    emo = catalog.family("emo")
    screener = Screener(client=studio, ledger=ledger, **options)
    # A lease is shorter here than what it is held for takes.
    holding.LEASE_SECONDS = options.get("lease_seconds", 1.0)

    async def one(portrait: str) -> bool:
        found: Screening = await screener.screen(await examine(portrait), emo)
        assert found.verdict.passed
        return found.cached

    return await asyncio.gather(*(one(portrait) for portrait in portraits))


async def order(studio: ModelStudio, ledger: Ledger, sound: Path, lease_seconds: float) -> Any:
    """Order a video; return its state and whether this process sent it."""
    production = await produce(
        studio, ledger, SAMPLES / "astronaut.png", sound, lease_seconds=lease_seconds
    )
    job, was_sent = await production.submit()
    return [job.state, was_sent]


async def main(told: dict[str, Any]) -> Any:
    portraits = told.get("portraits") or [str(SAMPLES / "astronaut.png")]
    lease_seconds = told.get("lease_seconds", 60.0)
    with Ledger(told["url"], home=Path(told["home"])) as ledger:
        stop_at(ledger, told.get("stop", ""))
        async with ModelStudio("sk-local", base_url=told["base_url"]) as studio:
            if told["endpoint"] == "create":
                return await order(studio, ledger, Path(told["sound"]), lease_seconds)
            options = {"lease_seconds": lease_seconds} if "lease_seconds" in told else {}
            if told.get("delivery"):
                options["delivery"] = told["delivery"]
            return await check_all(studio, ledger, portraits, **options)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
