"""Several processes want the same, on slow lines or stopped for too long: it is paid once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from greenlight.ledger import JobState, Ledger
from greenlight.studio.server import StudioServer
from tests.bucket import Bucket
from tests.conftest import SAMPLES
from tests.paying.conftest import Paid, PaidJob, until
from tests.paying.slow_line import slow_line
from tests.programs import ROOT
from tests.steering import paid as paid_at
from tests.steering import received

PORTRAITS = 16
SECONDS = 120.0
LEASE = 1.0
"""A lease that ends while its holder is stopped; what is sent in it is answered at once."""


class Payer:
    """A process that pays, and may stop itself on the way."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def wait_until_stopped(self) -> None:
        _, status = os.waitpid(self._process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "it ended instead of stopping"

    def wake(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def result(self) -> Any:
        """Return what it printed; a process that failed says why."""
        said, errors = self._process.communicate(timeout=SECONDS)
        assert self._process.returncode == 0, errors
        return json.loads(said)

    def failure(self) -> str:
        """Return the last line of what it said when it failed."""
        _, errors = self._process.communicate(timeout=SECONDS)
        assert self._process.returncode
        return errors.strip().splitlines()[-1]


@contextmanager
def paying(environ: dict[str, str] | None = None, **told: Any) -> Iterator[Payer]:
    command = [sys.executable, "-m", "tests.paying.payer", json.dumps(told)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | (environ or {}),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield Payer(process)
        finally:
            process.kill()


async def test_portraits_on_a_slow_line_are_paid_once_by_two_processes(
    ledger: Ledger,
    ledger_url: str,
    home: Path,
    bucket: Bucket,
    studio: StudioServer,
) -> None:
    """Downloads and uploads take all the threads of a process for longer than the leases last."""
    portrait = (SAMPLES / "grace_hopper.jpg").read_bytes()
    places = [
        bucket.put(f"{number}.jpg", portrait + bytes([number])) for number in range(PORTRAITS)
    ]
    told = {
        "endpoint": "check",
        "base_url": studio.base_url,
        "url": ledger_url,
        "home": str(home),
        "portraits": places,
        "delivery": "upload",
    }
    with slow_line(os.environ["AWS_ENDPOINT_URL"], seconds_a_piece=0.3) as slow:
        environ = {"AWS_ENDPOINT_URL": slow}
        with paying(environ, **told) as one, paying(environ, **told) as other:
            found = [await asyncio.to_thread(payer.result) for payer in (one, other)]
    assert [len(cached) for cached in found] == [PORTRAITS] * 2
    assert sum(cached.count(False) for cached in found) == PORTRAITS
    assert paid_at(studio) == {"emo-detect-v1": PORTRAITS}
    assert received(studio, "check") == PORTRAITS
    (cost,) = ledger.costs.by_outcome()
    assert (cost.outcome, cost.count, cost.cost_cny) == ("passed", PORTRAITS, Decimal("0.064"))


@pytest.fixture
def told(paid: Paid, studio: StudioServer, ledger_url: str, home: Path, sound: Path) -> Any:
    return {
        "endpoint": paid.endpoint,
        "base_url": studio.base_url,
        "url": ledger_url,
        "home": str(home),
        "sound": str(sound),
        "lease_seconds": LEASE,
    }


async def test_who_is_stopped_before_the_booking_for_longer_than_its_lease_pays_nothing(
    paid: Paid, told: Any, studio: StudioServer
) -> None:
    with paying(stop="before the booking", **told) as stopped:
        await asyncio.to_thread(stopped.wait_until_stopped)
        assert paid.rows == 0
        await paid.pay()
        stopped.wake()
        result = await asyncio.to_thread(stopped.result)
    assert result == ([True] if paid.endpoint == "check" else ["submitted", False])
    assert received(studio, paid.endpoint) == 1
    assert paid.rows == 1


async def test_who_is_stopped_before_the_booking_and_not_overtaken_pays_when_it_wakes(
    paid: Paid, told: Any, studio: StudioServer
) -> None:
    """A lease that has ended is its holder's as long as nobody took the name."""
    with paying(stop="before the booking", **told | {"lease_seconds": 30.0}) as stopped:
        await asyncio.to_thread(stopped.wait_until_stopped)
        stopped.wake()
        result = await asyncio.to_thread(stopped.result)
    assert result == ([False] if paid.endpoint == "check" else ["submitted", True])
    assert paid.is_booked()


async def test_who_is_stopped_after_the_booking_for_longer_than_its_lease_sends_nothing_over_another(
    paid: Paid, told: Any, studio: StudioServer
) -> None:
    with paying(stop="after the booking", **told) as stopped:
        await asyncio.to_thread(stopped.wait_until_stopped)
        assert (paid.rows, received(studio, paid.endpoint)) == (1, 0)
        if isinstance(paid, PaidJob):
            await expect_a_doubt(paid)
        else:
            await paid.pay()
        sent_before = received(studio, paid.endpoint)
        stopped.wake()
        if isinstance(paid, PaidJob):
            # It has sent nothing, and knows it: so the doubt is over, and it goes on.
            assert await asyncio.to_thread(stopped.result) == ["submitted", True]
        else:
            assert "the request cost nothing" in await asyncio.to_thread(stopped.failure)
            assert received(studio, paid.endpoint) == sent_before
    assert received(studio, paid.endpoint) == 1
    assert (paid.is_booked(), paid.rows) == (True, 1)


async def expect_a_doubt(paid: PaidJob) -> None:
    """Whoever comes meanwhile sends nothing: nobody here can know that the other one has not."""
    await until(lambda: paid.ledger.leases.acquire("another", LEASE) is None)
    job, was_sent = await paid.production.submit()
    assert (job.state, was_sent) == (JobState.AMBIGUOUS, False)
