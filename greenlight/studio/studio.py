"""Hold one studio together: its state, its judge, its fetcher, its faults and its running jobs."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from greenlight.judge import Judge
from greenlight.studio.answers import StudioError, invalid_url
from greenlight.studio.clock import Clock
from greenlight.studio.families.offers import Offer, find_offer
from greenlight.studio.families.played import StudioFamily
from greenlight.studio.faults import Faults
from greenlight.studio.fetching import Fetched, Fetcher, FetchError, FetchFault, uploaded
from greenlight.studio.inputs import not_fetched
from greenlight.studio.jobs import JobTable
from greenlight.studio.rates import Rates
from greenlight.studio.runner import Runner
from greenlight.studio.settings import StudioSettings
from greenlight.studio.shelf import Shelf
from greenlight.studio.store import Store, StudioStartError
from greenlight.studio.tally import Tally

T = TypeVar("T")


class Studio:
    """One studio on one home; `running` is its life inside an event loop, `close` its end."""

    fetcher: Fetcher

    def __init__(self, settings: StudioSettings) -> None:
        self.settings = settings
        self.shelf = Shelf(settings.home)
        try:
            self.shelf.make()
        except OSError as error:
            raise StudioStartError(
                f"The studio's home {settings.home} cannot be made ({error.strerror}); choose another one."
            ) from error
        self.store = Store(settings.home / "studio.db")
        self.secret = self.store.secret("signatures")
        self.clock = Clock()
        self.jobs = JobTable(self.store, self.clock)
        self.tally = Tally(self.store)
        self.faults = Faults()
        self.rates = Rates(jitter_seconds=settings.rate_jitter_seconds)
        self.judge = _judge()
        self.runner = Runner(self)
        self.closing = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs, those of before a restart too, until the block ends."""
        self.tidy()
        self.fetcher = Fetcher(self.shelf.fetched, seconds=self.settings.fetch_seconds)
        # Films take seconds and checks must not wait for them, so each has threads of its own.
        self._filming = ThreadPoolExecutor(2, thread_name_prefix="studio-film")
        self._judging = ThreadPoolExecutor(2, thread_name_prefix="studio-judge")
        self.runner.start()
        try:
            yield
        finally:
            self.closing.set()
            await self.runner.stop()
            self._filming.shutdown(cancel_futures=True)
            self._judging.shutdown(cancel_futures=True)
            await self.fetcher.close()

    def close(self) -> None:
        """Close the state."""
        self.store.close()

    async def judging(self, work: Callable[..., T], *values: object) -> T:
        """Look at a picture, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._judging, work, *values)

    async def filming(self, work: Callable[[], T]) -> T:
        """Read media or make a film, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._filming, work)

    async def wait(self, seconds: float) -> None:
        """Let time pass; the studio's end cuts it short."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), seconds)

    def offer(self, name: str) -> Offer:
        """Return what a request's `model` stands for; raise the vendor's error if nothing does."""
        offer = find_offer(name, self.settings.deployments)
        if offer is None:
            raise StudioError("InvalidParameter", "Model not exist.")
        return offer

    @asynccontextmanager
    async def input_file(
        self,
        url: str,
        model: str,
        studio_family: StudioFamily,
        *,
        max_bytes: int,
        too_large: StudioError,
    ) -> AsyncIterator[Fetched]:
        """Lend the file behind an input's address: http, https, or `oss://` of an upload for this model."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                if url.startswith("oss://"):
                    fetched = uploaded(self._upload(url, model), max_bytes=max_bytes)
                else:
                    fetched = await stack.enter_async_context(
                        self.fetcher.fetch(url, max_bytes=max_bytes)
                    )
                yield fetched
        except FetchError as error:
            if error.fault is FetchFault.TOO_LARGE:
                raise too_large from None
            raise not_fetched(error.fault, studio_family) from None

    def _upload(self, url: str, model: str) -> Path:
        key = url.removeprefix("oss://")
        if not self.shelf.belongs(key, model, self.secret):
            raise invalid_url()
        return self.shelf.upload(key)

    def tidy(self) -> None:
        """Delete uploads and videos that nobody can reach any more; only while no job runs."""
        since_ms = self.clock.now_ms() - round(self.settings.link_seconds * 1000)
        self.shelf.delete_results(but=self.jobs.videos_since(since_ms))
        self.shelf.delete_old_uploads(self.settings.upload_seconds)

    async def reset(self) -> None:
        """Forget faults, counters, checks and jobs, and set the clock right; uploads stay."""
        await self.runner.stop()
        self.faults.clear()
        self.rates.clear()
        self.clock.ahead_seconds = 0.0
        self.store.clear()
        self.shelf.delete_results()


@functools.cache
def _judge() -> Judge:
    """Return the judge that all studios of a process share: its networks load once."""
    return Judge()
