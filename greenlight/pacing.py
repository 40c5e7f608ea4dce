"""Start requests at the account's pace, which every process of the ledger keeps together."""

from __future__ import annotations

import asyncio
from functools import partial
from weakref import WeakKeyDictionary

from greenlight.ledger import Ledger
from greenlight.modelstudio.catalog import UPLOAD_POLICIES_PER_SECOND
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import Throttled
from greenlight.patience import FIRST_WAIT_SECONDS

_QUEUES: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()
"""Who waits here for which name: one at a time asks the ledger, so one that dies has one start at most."""


async def wait_for_start(
    ledger: Ledger, studio: ModelStudio, model: str, per_second: float
) -> None:
    """Wait until the account's pace allows one more request of a model, which costs nothing."""
    name = pace_name(studio, model)
    async with queue(name):
        while True:
            start = await asyncio.to_thread(ledger.pace.grant, name, per_second)
            await asyncio.sleep(start.wait_seconds)
            # One that came late is given up: others may have been granted the same moment since.
            if start.granted_at is not None and not start.is_late:
                return


def pace_uploads(ledger: Ledger, studio: ModelStudio) -> None:
    """Let the uploads of a client wait for their turn like every other request."""
    studio.before_upload = partial(
        wait_for_start, ledger, studio, "uploads", UPLOAD_POLICIES_PER_SECOND
    )


async def slow_down(ledger: Ledger, studio: ModelStudio, model: str, error: Throttled) -> None:
    """Let every process wait after the vendor answered that it was too much."""
    await asyncio.to_thread(ledger.pace.slow_down, pace_name(studio, model), retry_seconds(error))


def retry_seconds(error: Throttled) -> float:
    """Return how long the vendor wants everybody to wait."""
    return error.retry_after_seconds or FIRST_WAIT_SECONDS


def pace_name(studio: ModelStudio, model: str) -> str:
    """Return the name of the pace that all who ask a model of this service keep together."""
    return f"{studio.service} {model}"


def queue(name: str) -> asyncio.Lock:
    """Return the lock of those who wait here for a pace: one at a time asks the ledger."""
    queues = _QUEUES.setdefault(asyncio.get_running_loop(), {})
    return queues.setdefault(name, asyncio.Lock())
