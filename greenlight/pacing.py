"""Start requests at the account's pace, which every process of the ledger keeps together."""

from __future__ import annotations

import asyncio

from greenlight.ledger import Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import Throttled
from greenlight.patience import FIRST_WAIT_SECONDS


async def wait_for_start(
    ledger: Ledger, studio: ModelStudio, model: str, per_second: float
) -> None:
    """Wait until the account's pace allows one more request of a model."""
    wait_seconds = await asyncio.to_thread(ledger.pace.grant, _name(studio, model), per_second)
    await asyncio.sleep(wait_seconds)


async def slow_down(ledger: Ledger, studio: ModelStudio, model: str, error: Throttled) -> None:
    """Let every process wait after the vendor answered that it was too much."""
    seconds = error.retry_after_seconds or FIRST_WAIT_SECONDS
    await asyncio.to_thread(ledger.pace.slow_down, _name(studio, model), seconds)


def _name(studio: ModelStudio, model: str) -> str:
    return f"{studio.service} {model}"
