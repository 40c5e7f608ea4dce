"""The studio, the books and the clocks that many rounds of chaos share."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg

from greenlight.ledger import Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.services import Services, open_ledger
from greenlight.settings import read_settings
from greenlight.studio.server import StudioServer, StudioSettings
from tests import steering
from tests.chaos.nursery import Nursery
from tests.postgresql import PostgresServer

LEASE_SECONDS = 1.5
SETTLE_SECONDS = 0.5
KEY, OTHER_KEY = "sk-local", "sk-another-account"


@dataclass
class World:
    """A studio, books and a folder for videos."""

    folder: Path
    ledger_url: str
    studio: StudioServer
    other_studio: StudioServer
    """What another account sees of the same service: its own tasks and none of the first one's."""
    nursery: Nursery
    postgres: PostgresServer | None
    ahead_seconds: float = 0.0
    """How far the ledger's clock is ahead of the true time, for every process that begins now."""
    vendor_ahead_seconds: float = 0.0

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings of a process."""
        return {
            "DASHSCOPE_HTTP_BASE_URL": self.studio.base_url,
            "DASHSCOPE_API_KEY": KEY,
            "GREENLIGHT_HOME": str(self.folder / "home"),
            "GREENLIGHT_LEDGER_URL": self.ledger_url,
            "GREENLIGHT_POLL_SECONDS": "0.1",
            "GREENLIGHT_LEASE_SECONDS": str(LEASE_SECONDS),
            "GREENLIGHT_SETTLE_SECONDS": str(SETTLE_SECONDS),
            "GREENLIGHT_EXCLUSIVE_ACCOUNT": "on",
        }

    def ledger(self) -> Ledger:
        """Open the books with the clock as it is set."""
        settings = read_settings(self.environment)
        if not self.ahead_seconds:
            return open_ledger(settings)
        return Ledger(self.ledger_url, clock=self._now, home=settings.home)

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead_seconds)

    def turn_vendors_clock(self, seconds: float) -> None:
        """Turn the vendor's clock on, or back."""
        self.studio.turn_clock(seconds)
        self.vendor_ahead_seconds += seconds

    def set_clocks_right(self) -> bool:
        """Let both clocks tell the true time, and return whether they did not."""
        was_wrong = bool(self.ahead_seconds or self.vendor_ahead_seconds)
        self.turn_vendors_clock(-self.vendor_ahead_seconds)
        self.ahead_seconds = 0.0
        return was_wrong

    @asynccontextmanager
    async def services(self, *, other_account: bool = False) -> AsyncIterator[Services]:
        """Connect to the service with the first account's key, or with another's."""
        settings = read_settings(self.environment)
        server = self.other_studio if other_account else self.studio
        with self.ledger() as ledger:
            async with ModelStudio(
                OTHER_KEY if other_account else KEY, base_url=server.base_url, timeout_seconds=10
            ) as studio:
                studio.service = settings.service
                yield Services(studio, ledger, settings)

    def counters(self) -> dict[str, Any]:
        """Return the studio's own record."""
        return steering.counters(self.studio)

    def count(self, on: str) -> int:
        """Return how many checks were paid, or creates accepted."""
        return sum(
            self.counters()[{"check": "checks_paid", "create": "creates_accepted"}[on]].values()
        )

    def fault(self, fault: str, on: str, **particulars: Any) -> None:
        """Let the next requests of a kind suffer a fault."""
        steering.add_fault(self.studio, fault, on, **particulars)

    def waiting_faults(self) -> list[dict[str, Any]]:
        """Return the faults that have not struck."""
        return list(httpx.get(f"{self.studio.url}/_studio/faults").json()["faults"])

    def kept_outcomes(self) -> list[Path]:
        """Return the files of what was paid and could not be booked."""
        return list((self.folder / "home" / "unbooked").glob("*.json"))

    @contextmanager
    def locked_books(self) -> Iterator[None]:
        """Hold the books as another program would."""
        if self.postgres is not None:
            with psycopg.connect(self.ledger_url) as connection:
                connection.execute("LOCK TABLE jobs, checks IN ACCESS EXCLUSIVE MODE")
                yield
            return
        path = self.ledger_url.removeprefix("sqlite:///")
        connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()


@contextmanager
def world(
    folder: Path, ledger_url: str | None = None, postgres: PostgresServer | None = None
) -> Iterator[World]:
    """Set up a studio, books and a nursery for many rounds."""
    with (
        StudioServer(_quick(folder / "studio", KEY)) as studio,
        StudioServer(_quick(folder / "other", OTHER_KEY)) as other_studio,
        Nursery() as nursery,
    ):
        url = ledger_url or f"sqlite:///{folder / 'ledger.db'}"
        yield World(folder, url, studio, other_studio, nursery, postgres)


def _quick(home: Path, key: str) -> StudioSettings:
    return StudioSettings(
        home=home, key=key, rate_per_second=1000, task_requests_per_second=1000, job_seconds=0.1
    )


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Return once a condition holds."""
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, "it never came"
        time.sleep(0.02)
