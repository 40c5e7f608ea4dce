"""Start requests at the account's pace, which every process of the ledger keeps together."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from greenlight.ledger import Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import Throttled
from greenlight.patience import FIRST_WAIT_SECONDS

_QUEUES: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()
"""Who waits here for which name: one at a time asks the ledger, so one that dies has one start at most."""


async def wait_for_start(
    ledger: Ledger, studio: ModelStudio, model: str, per_second: float
) -> None:
    """Wait until the account's pace allows one more request of a model."""
    name = _name(studio, model)
    async with _queue(name):
        is_granted = False
        while not is_granted:
            start = await asyncio.to_thread(ledger.pace.grant, name, per_second)
            await asyncio.sleep(start.wait_seconds)
            is_granted = start.granted_at is not None


async def slow_down(ledger: Ledger, studio: ModelStudio, model: str, error: Throttled) -> None:
    """Let every process wait after the vendor answered that it was too much."""
    seconds = error.retry_after_seconds or FIRST_WAIT_SECONDS
    await asyncio.to_thread(ledger.pace.slow_down, _name(studio, model), seconds)


def _name(studio: ModelStudio, model: str) -> str:
    return f"{studio.service} {model}"


def _queue(name: str) -> asyncio.Lock:
    queues = _QUEUES.setdefault(asyncio.get_running_loop(), {})
    return queues.setdefault(name, asyncio.Lock())
