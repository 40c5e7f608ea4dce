"""Hold a name of the ledger for the length of a block, however long it takes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from greenlight.errors import LedgerError
from greenlight.ledger import Claim, ClaimLost, Ledger

Result = TypeVar("Result")

LOOK_AGAIN_SECONDS = 0.1
LAST_RENEWAL_SECONDS = 1.0
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
    keeper = threading.Thread(target=_keep, args=(ledger, claim, ended), daemon=True)
    keeper.start()
    try:
        yield claim
    finally:
        ended.set()
        # Books that cannot be written now let the lease end by itself.
        with suppress(LedgerError):
            await asyncio.to_thread(ledger.leases.release, claim)
        # A renewal under way would use the ledger after it was closed.
        await asyncio.to_thread(keeper.join, LAST_RENEWAL_SECONDS)


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


async def once(
    ledger: Ledger,
    name: str,
    find: Callable[[], Awaitable[Result | None]],
    act: Callable[[Claim], Awaitable[Result]],
    *,
    seconds: float,
) -> Result:
    """Return what is found, or else what one of all who want it comes to while it holds a name.

    `act` looks again, for who had the name before may have done it meanwhile.
    """
    while True:
        if (found := await find()) is not None:
            return found
        async with held(ledger, name, seconds=min(LEASE_SECONDS, seconds)) as claim:
            if claim is not None:
                with suppress(ClaimLost):
                    return await act(claim)
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _keep(ledger: Ledger, claim: Claim, ended: threading.Event) -> None:
    while not ended.wait(claim.seconds / 3):
        # Books that are locked for a moment are tried again; the lease lasts for three tries.
        with suppress(LedgerError):
            ledger.leases.renew(claim)
