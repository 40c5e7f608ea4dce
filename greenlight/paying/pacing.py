"""Start requests at the account's pace, which every process of the ledger keeps together."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from weakref import WeakKeyDictionary

from greenlight.ledger import Ledger
from greenlight.ledger.pace import Start
from greenlight.modelstudio.catalog import UPLOAD_POLICIES_PER_SECOND
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import Throttled
from greenlight.modelstudio.retry import FIRST_WAIT_SECONDS

_QUEUES: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()
"""Who waits here for which name: one at a time asks the ledger, so one that dies has one start at most."""


async def wait_for_start(
    ledger: Ledger, client: ModelStudio, model: str, per_second: float
) -> None:
    """Wait until the account's pace allows one more request of a model, which costs nothing."""
    name = pace_name(client, model)
    queues = _QUEUES.setdefault(asyncio.get_running_loop(), {})
    async with queues.setdefault(name, asyncio.Lock()):
        start = await asyncio.to_thread(ledger.pace.grant, name, per_second)
        await use_start(ledger, name, per_second, start)


async def use_start(ledger: Ledger, name: str, per_second: float, start: Start) -> None:
    """Wait for the moment of a start; one that comes late is given up for another.

    The ledger may have taken its time to grant it, and others were granted the same moment since.
    """
    await asyncio.sleep(start.due - time.monotonic())
    while start.granted_at is None or start.is_late:
        start = await asyncio.to_thread(ledger.pace.grant, name, per_second)
        await asyncio.sleep(start.wait_seconds)


def pace_uploads(ledger: Ledger, client: ModelStudio) -> None:
    """Let the uploads of a client wait for their turn like every other request."""
    client.before_upload = partial(
        wait_for_start, ledger, client, "uploads", UPLOAD_POLICIES_PER_SECOND
    )


async def slow_down(ledger: Ledger, client: ModelStudio, model: str, error: Throttled) -> None:
    """Let every process wait after the vendor answered that it was too much."""
    await asyncio.to_thread(ledger.pace.slow_down, pace_name(client, model), retry_seconds(error))


def retry_seconds(error: Throttled) -> float:
    """Return how long the vendor wants everybody to wait."""
    return error.retry_after_seconds or FIRST_WAIT_SECONDS


def pace_name(client: ModelStudio, model: str) -> str:
    """Return the name of the pace that all who ask a model of this service keep together."""
    return f"{client.service} {model}"
