"""Put a connected service, the books and the settings together into what does the work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from greenlight.filming.filmer import Filmer
from greenlight.filming.reconciling import Reconciler
from greenlight.ledger import Ledger
from greenlight.ledger.budgets import Budget
from greenlight.modelstudio.client import ModelStudio
from greenlight.paying.pacing import pace_uploads
from greenlight.screening.screener import Screener
from greenlight.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """A connected service, the books, and the settings of this process."""

    client: ModelStudio
    ledger: Ledger
    settings: Settings
    max_cny: float | None = None
    """What this run may spend."""
    flow_run: str = ""
    """Who pays, as the books name it."""

    @property
    def screener(self) -> Screener:
        """Return what portraits are screened with."""
        return Screener(
            client=self.client,
            ledger=self.ledger,
            delivery=self.settings.delivery,
            flow_run=self.flow_run,
            budgets=self.budgets,
            lease_seconds=self.settings.lease_seconds,
        )

    @property
    def filmer(self) -> Filmer:
        """Return what jobs are sent and followed with."""
        return Filmer(
            client=self.client,
            ledger=self.ledger,
            poll_seconds=self.settings.poll_seconds,
            lease_seconds=self.settings.lease_seconds,
            settle_seconds=self.settings.settle_seconds,
            budgets=self.budgets,
        )

    @property
    def reconciler(self) -> Reconciler:
        """Return what doubts about jobs are settled with."""
        return Reconciler(
            client=self.client,
            ledger=self.ledger,
            settle_seconds=self.settings.lease_seconds + self.settings.settle_seconds,
            exclusive=self.settings.exclusive_account,
        )

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """Return the limits that every paying request is held to."""
        budgets: tuple[Budget, ...] = ()
        if self.settings.max_cny_per_day is not None:
            budgets = (Budget(max_cny=self.settings.max_cny_per_day),)
        return budgets if self.run_budget is None else (*budgets, self.run_budget)

    @property
    def run_budget(self) -> Budget | None:
        """Return the limit of this run, if it has one."""
        return Budget.of_run(self.flow_run, self.max_cny)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Services]:
    """Connect to what the settings name, for the time of a `with` block."""
    key = settings.require_key()
    ledger = await asyncio.to_thread(open_ledger, settings)
    with ledger:
        async with ModelStudio(
            key, base_url=settings.base_url, workspace=settings.workspace
        ) as client:
            pace_uploads(ledger, client)
            yield Services(client, ledger, settings)


def open_ledger(settings: Settings) -> Ledger:
    """Open the ledger that the settings name."""
    return Ledger(settings.ledger_url, home=settings.home)
