"""Connect a task to the service and the books that its run works with."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prefect.runtime import flow_run

from blocks import ModelStudioCredentials
from greenlight.budgeting import budgets_of
from greenlight.filming import Filmer
from greenlight.holding import LEASE_SECONDS
from greenlight.ledger import Ledger
from greenlight.ledger.budgets import Budget
from greenlight.modelstudio.client import ModelStudio
from greenlight.reconciling import Reconciler
from greenlight.screening import Screener
from greenlight.settings import Settings, read_settings


@dataclass(frozen=True, slots=True)
class Services:
    """A connected service, the books, and the settings of this process."""

    studio: ModelStudio
    ledger: Ledger
    settings: Settings
    max_cny: float | None = None
    """What this run may spend."""

    @property
    def flow_run(self) -> str:
        """Return the id of the flow run, which the books name beside every payment."""
        return str(flow_run.id or "")

    @property
    def screener(self) -> Screener:
        """Return what portraits are screened with."""
        return Screener(
            studio=self.studio,
            ledger=self.ledger,
            delivery=self.settings.delivery,
            flow_run=self.flow_run,
            budgets=self.budgets,
            lease_seconds=min(LEASE_SECONDS, self.settings.lease_seconds),
        )

    @property
    def filmer(self) -> Filmer:
        """Return what jobs are sent and followed with."""
        return Filmer(
            studio=self.studio,
            ledger=self.ledger,
            poll_seconds=self.settings.poll_seconds,
            lease_seconds=self.settings.lease_seconds,
            budgets=self.budgets,
        )

    @property
    def reconciler(self) -> Reconciler:
        """Return what doubts about jobs are settled with."""
        return Reconciler(
            studio=self.studio,
            ledger=self.ledger,
            lease_seconds=self.settings.lease_seconds,
            settle_seconds=self.settings.settle_seconds,
            exclusive=self.settings.exclusive_account,
        )

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """Return the limits that every paying request of this run is held to."""
        return budgets_of(self.settings, max_cny=self.max_cny, run=self.flow_run)


@asynccontextmanager
async def connected(
    credentials: ModelStudioCredentials | None, *, max_cny: float | None = None
) -> AsyncIterator[Services]:
    """Connect for the time of a `with` block; without credentials the environment's are used."""
    settings = read_settings()
    used = credentials or ModelStudioCredentials.from_settings(settings)
    ledger = await asyncio.to_thread(ledger_of, settings.ledger_url)
    async with used.get_client() as studio:
        yield Services(studio, ledger, settings, max_cny)


@functools.cache
def ledger_of(url: str) -> Ledger:
    """Return this process's ledger at an address; all tasks of the process share it."""
    return Ledger(url)
