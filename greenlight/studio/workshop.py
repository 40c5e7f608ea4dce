"""Hold what the studio's jobs are made with: its state, its files, its judge, and threads for long work."""

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
from greenlight.studio.fetching import Fetched, Fetcher, FetchError, FetchFault, uploaded
from greenlight.studio.files import StudioFiles
from greenlight.studio.inputs import not_fetched
from greenlight.studio.jobs import JobTable
from greenlight.studio.request_log import RequestLog
from greenlight.studio.settings import StudioSettings
from greenlight.studio.store import Store, StudioStartError

T = TypeVar("T")


class Workshop:
    """The state and the tools of one home; `open` is its life inside an event loop, `close` its end."""

    fetcher: Fetcher

    def __init__(self, settings: StudioSettings) -> None:
        self.settings = settings
        self.files = StudioFiles(settings.home)
        try:
            self.files.make()
        except OSError as error:
            raise StudioStartError(
                f"the studio's home {settings.home} cannot be made ({error.strerror})",
                "choose another one",
            ) from error
        self.store = Store(settings.home / "studio.db")
        self.secret = self.store.secret("signatures")
        self.clock = Clock()
        self.jobs = JobTable(self.store, self.clock)
        self.request_log = RequestLog(self.store)
        self.judge = _judge()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Have a fetcher, and threads, until the block ends."""
        self.fetcher = Fetcher(self.files.fetched, seconds=self.settings.fetch_seconds)
        # Films take seconds and checks must not wait for them, so each has threads of its own.
        self._filming = ThreadPoolExecutor(2, thread_name_prefix="studio-film")
        self._judging = ThreadPoolExecutor(2, thread_name_prefix="studio-judge")
        try:
            yield
        finally:
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
        if not self.files.belongs(key, model, self.secret):
            raise invalid_url()
        return self.files.upload(key)


@functools.cache
def _judge() -> Judge:
    """Return the judge that all studios of a process share: its networks load once."""
    return Judge()
