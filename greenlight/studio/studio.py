"""Hold one studio together: its workshop, its faults, its rates and its running jobs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from greenlight.studio.faults import Faults
from greenlight.studio.rates import Rates
from greenlight.studio.runner import Runner
from greenlight.studio.settings import StudioSettings
from greenlight.studio.workshop import Workshop


class Studio(Workshop):
    """One studio on one home; `running` is its life inside an event loop, `close` its end."""

    def __init__(self, settings: StudioSettings) -> None:
        super().__init__(settings)
        self.faults = Faults()
        self.rates = Rates(jitter_seconds=settings.rate_jitter_seconds)
        self.runner = Runner(self)
        self.closing = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs, those of before a restart too, until the block ends."""
        self.tidy()
        async with self.open():
            self.runner.start()
            try:
                yield
            finally:
                self.closing.set()
                await self.runner.stop()

    async def wait(self, seconds: float) -> None:
        """Let time pass; the studio's end cuts it short."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), seconds)

    def tidy(self) -> None:
        """Delete uploads and videos that nobody can reach any more; only while no job runs."""
        since_ms = self.clock.now_ms() - round(self.settings.link_seconds * 1000)
        self.files.delete_results(but=self.jobs.videos_since(since_ms))
        self.files.delete_old_uploads(self.settings.upload_seconds)

    async def reset(self) -> None:
        """Forget faults, counters, checks and jobs, and set the clock right; uploads stay."""
        await self.runner.stop()
        self.faults.clear()
        self.rates.clear()
        self.clock.ahead_seconds = 0.0
        self.store.clear()
        self.files.delete_results()
