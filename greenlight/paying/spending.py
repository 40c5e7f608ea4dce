"""Spend what another run has promised, for the length of a block."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from greenlight.errors import LedgerError
from greenlight.ledger import Ledger


@asynccontextmanager
async def spending(ledger: Ledger, promise: int | None, run: str) -> AsyncIterator[None]:
    """Let what a run pays count for a promise, which ends with the block.

    Raises `OverBudget` if it was released before and has no room any more. Without a promise nothing happens.
    """
    if promise is None:
        yield
        return
    await asyncio.to_thread(ledger.promises.take, promise, run)
    try:
        yield
    finally:
        # Books that cannot be written now hold too much back, and no outcome is lost for that.
        with suppress(LedgerError):
            await asyncio.to_thread(ledger.promises.release, promise, run)
