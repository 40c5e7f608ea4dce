"""Hold a lease of the books for the length of a block, however long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from greenlight.errors import LedgerError
from greenlight.ledger import Ledger

LOOK_AGAIN_SECONDS = 0.1
LEASE_SECONDS = 30.0
"""How long others wait for a holder that died; a living one renews its lease three times as often."""


@asynccontextmanager
async def held(ledger: Ledger, name: str, *, seconds: float = LEASE_SECONDS) -> AsyncIterator[bool]:
    """Yield whether the name was free, and keep it until the block ends or this process dies."""
    token = await asyncio.to_thread(ledger.leases.acquire, name, seconds)
    if token is None:
        yield False
        return
    renewal = asyncio.create_task(_keep(ledger, name, token, seconds))
    try:
        yield True
    finally:
        renewal.cancel()
        await asyncio.to_thread(ledger.leases.release, name, token)


@asynccontextmanager
async def alone(
    ledger: Ledger, name: str, *, seconds: float = LEASE_SECONDS
) -> AsyncIterator[None]:
    """Keep a name until the block ends, and wait for it while somebody else has it."""
    while True:
        async with held(ledger, name, seconds=seconds) as mine:
            if mine:
                yield
                return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _keep(ledger: Ledger, name: str, token: str, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds / 3)
        # Books that are locked for a moment are tried again; the lease lasts for three tries.
        with suppress(LedgerError):
            await asyncio.to_thread(ledger.leases.renew, name, token, seconds)
