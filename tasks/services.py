"""Connect a task to the service and the books that its run works with."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prefect.runtime import flow_run

from blocks import ModelStudioCredentials
from greenlight.ledger import Ledger
from greenlight.paying.pacing import pace_uploads
from greenlight.services import Services
from greenlight.settings import read_settings


@asynccontextmanager
async def connected(
    credentials: ModelStudioCredentials | None, *, max_cny: float | None = None
) -> AsyncIterator[Services]:
    """Connect for the time of a `with` block; without credentials the environment's are used."""
    settings = read_settings()
    used = credentials or ModelStudioCredentials.from_settings(settings)
    ledger = await asyncio.to_thread(ledger_of, settings.ledger_url)
    async with used.get_client() as client:
        pace_uploads(ledger, client)
        yield Services(client, ledger, settings, max_cny, str(flow_run.id or ""))


@functools.cache
def ledger_of(url: str) -> Ledger:
    """Return this process's ledger at an address; all tasks of the process share it."""
    return Ledger(url, home=read_settings().home)
