"""Measure the pace that several processes keep together, by the books and as the studio counts arrivals.

Four processes want as many starts as they can get for some seconds. By the times granted there must never be
more than the limit in any window of one second, and at least 4.9 a second; the studio must see at least 4.7
a second and answer fewer than 0.5 % with 429.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import httpx

from greenlight.ledger import Ledger
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import Throttled
from greenlight.paying.pacing import slow_down, wait_for_start
from greenlight.studio.server import StudioServer, StudioSettings
from tests.calling import check
from tests.postgresql import is_installed, run_server

PROCESSES = 4
SECONDS = 20.0
LIMIT = 5
PORTRAIT = Path(__file__).resolve().parents[1] / "samples" / "grace_hopper.jpg"


def main(_arguments: list[str]) -> int:
    """Print the figures; return 1 if one is worse than promised."""
    with tempfile.TemporaryDirectory() as folder:
        failed = _measure("SQLite", f"sqlite:///{folder}/ledger.db")
    if is_installed():
        with run_server() as server:
            failed += _measure("PostgreSQL", server.make_database())
    return int(failed > 0)


def _measure(books: str, url: str) -> int:
    Ledger(url).close()
    granted = sorted(at for times in _in_processes(_take_starts, url) for at in times)
    kept, most = _per_second(granted), _most_in_a_second(granted)
    arrived, most_arrived, throttled, sent = _arrivals(url)
    print(f"{books}, {PROCESSES} processes for {SECONDS:g} s at a limit of {LIMIT} a second")
    print(f"  granted                {kept:.2f} a second (at least 4.9)")
    print(f"  most in one second     {most} (at most {LIMIT})")
    print(f"  arrived at the studio  {arrived:.2f} a second (at least 4.7), most {most_arrived}")
    print(f"  answered with 429      {throttled} of {sent}")
    return int(kept < 4.9 or most > LIMIT or arrived < 4.7 or throttled > 0.005 * sent)


def _in_processes(work: object, *arguments: str) -> list[list[float]]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        return pool.starmap(work, [arguments] * PROCESSES)  # type: ignore[arg-type]


def _take_starts(url: str) -> list[float]:
    """Take starts for some seconds, and return the times that they were granted for."""
    times: list[datetime] = []
    with Ledger(url) as ledger:
        ends_at = time.monotonic() + SECONDS
        while time.monotonic() < ends_at:
            start = ledger.pace.grant("benchmark", LIMIT)
            if start.granted_at is not None:
                times.append(start.granted_at)
            time.sleep(start.wait_seconds)
    return [at.timestamp() for at in times]


def _arrivals(url: str) -> tuple[float, int, int, int]:
    """Let the processes send real checks, and return what the studio counted."""
    with tempfile.TemporaryDirectory() as home:
        settings = StudioSettings(home=Path(home), rate_per_second=LIMIT)
        with StudioServer(settings) as studio:
            picture = asyncio.run(_upload(studio.base_url))
            _in_processes(_send_checks, url, studio.base_url, picture)
            told = httpx.get(f"{studio.url}/_studio/counters").json()
    model = catalog.family("wan-s2v").check.model.id
    accepted = sorted(told["arrivals"].get(model, []))
    refused = told["arrivals_throttled"].get(model, [])
    throttled = len(refused)
    return _per_second(accepted), _most_in_a_second(accepted), throttled, len(accepted) + throttled


async def _upload(base_url: str) -> str:
    async with ModelStudio("sk-local", base_url=base_url) as studio:
        return await studio.upload(PORTRAIT, model=catalog.family("wan-s2v").check.model.id)


def _send_checks(url: str, base_url: str, picture: str) -> list[float]:
    asyncio.run(_send(url, base_url, picture))
    return []


async def _send(url: str, base_url: str, picture: str) -> None:
    family = catalog.family("wan-s2v")
    ends_at = time.monotonic() + SECONDS
    with Ledger(url) as ledger:
        async with ModelStudio("sk-local", base_url=base_url) as studio:
            # As in any run: the upload before the first check opens the connection.
            await studio.upload(PORTRAIT, model=family.check.model.id)

            async def keep_on() -> None:
                while time.monotonic() < ends_at:
                    await wait_for_start(ledger, studio, family.check.model.id, LIMIT)
                    try:
                        await check(studio, family, picture)
                    except Throttled as error:
                        await slow_down(ledger, studio, family.check.model.id, error)

            await asyncio.gather(*(keep_on() for _ in range(3)))


def _per_second(times: Sequence[float]) -> float:
    return (len(times) - 1) / (times[-1] - times[0])


def _most_in_a_second(times: Sequence[float]) -> int:
    """Return the most in any half-open window of one second."""
    assert all(earlier <= later for earlier, later in pairwise(times))
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most
