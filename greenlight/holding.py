"""Hold a name of the ledger for the length of a block, however long it takes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from greenlight.errors import LedgerError
from greenlight.ledger import Claim, Ledger

LOOK_AGAIN_SECONDS = 0.1
LEASE_SECONDS = 30.0
"""How long others wait for a holder that died; a living one renews its lease three times as often."""


@asynccontextmanager
async def held(
    ledger: Ledger, name: str, *, seconds: float = LEASE_SECONDS
) -> AsyncIterator[Claim | None]:
    """Yield the claim to a name if it was free, and keep it until the block ends or this process dies."""
    claim = await asyncio.to_thread(ledger.leases.acquire, name, seconds)
    if claim is None:
        yield None
        return
    ended = threading.Event()
    # A thread of its own: renewals must not wait behind downloads, nor for a loop that is busy.
    threading.Thread(target=_keep, args=(ledger, claim, ended), daemon=True).start()
    try:
        yield claim
    finally:
        ended.set()
        # Books that cannot be written now let the lease end by itself.
        with suppress(LedgerError):
            await asyncio.to_thread(ledger.leases.release, claim)


@asynccontextmanager
async def alone(
    ledger: Ledger, name: str, *, seconds: float = LEASE_SECONDS
) -> AsyncIterator[Claim]:
    """Keep a name until the block ends, and wait for it while somebody else has it."""
    while True:
        async with held(ledger, name, seconds=seconds) as claim:
            if claim is not None:
                yield claim
                return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _keep(ledger: Ledger, claim: Claim, ended: threading.Event) -> None:
    while not ended.wait(claim.seconds / 3):
        # Books that are locked for a moment are tried again; the lease lasts for three tries.
        with suppress(LedgerError):
            ledger.leases.renew(claim)
