"""A command that a signal stops waits for what it has paid itself, and pays nothing more."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cli import stopping
from greenlight.ledger import Ledger
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.screening.screener import Screener
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from tests.cli.books import new_job
from tests.cli.conftest import Greenlight
from tests.conftest import SAMPLES
from tests.ledger.values import send
from tests.programs import wait_until
from tests.steering import add_fault, paid, received

SECONDS = 60.0


@pytest.fixture
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(stopping, "LOOK_EVERY_SECONDS", 0.01)


def stop_when(is_so: Any) -> threading.Thread:
    """Send Ctrl-C to this process as soon as something is so."""

    def wait_and_stop() -> None:
        wait_until(is_so, seconds=SECONDS, what="the moment to stop")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait_and_stop)
    thread.start()
    return thread


def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    with stopping.heeding_signals(), pytest.raises(KeyboardInterrupt):
        stopping.run(work)


@pytest.mark.usefixtures("_no_grace")
def test_what_another_process_has_sent_is_not_waited_for(settings: Settings) -> None:
    begun, is_left, ended = threading.Event(), threading.Event(), threading.Event()

    async def what_cannot_be_stopped() -> None:
        begun.set()
        with suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.sleep(SECONDS)
        is_left.wait(5)
        ended.set()

    with Ledger(settings.ledger_url) as ledger:
        send(ledger, new_job(settings, 1))
        stopper = stop_when(begun.is_set)
        run_until_stopped(what_cannot_be_stopped())
        was_left = not ended.is_set()
        is_left.set()
        stopper.join()
        wait_until(ended.is_set, seconds=SECONDS, what="the end of the work")
        assert ledger.standings.of_last(SECONDS).awaited == 1
    assert was_left


@pytest.mark.usefixtures("_no_grace")
def test_what_this_process_has_sent_is_booked_before_it_ends(
    settings: Settings, studio: StudioServer, astronaut: Path
) -> None:
    add_fault(studio, "slow", "check", seconds=1)
    with Ledger(settings.ledger_url) as ledger:

        async def pay() -> None:
            async with ModelStudio("sk-local", base_url=studio.base_url) as client:
                screener = Screener(client=client, ledger=ledger)
                await screener.screen(await examine(str(astronaut)), catalog.family("emo"))

        stopper = stop_when(lambda: received(studio, "check"))
        run_until_stopped(pay())
        (cost,) = ledger.costs.by_outcome()
        stopper.join()
    assert (cost.outcome, cost.count) == ("passed", 1)


def test_nothing_more_is_paid_after_the_signal(
    greenlight: Greenlight, settings: Settings, studio: StudioServer
) -> None:
    """Other portraits and other models of the same one wait for their start when it comes."""
    add_fault(studio, "slow", "check", seconds=4, times=2)
    with Ledger(settings.ledger_url) as ledger:
        ledger.pace.slow_down(f"{settings.service} liveportrait-detect", 2.0)
    stopper = stop_when(lambda: received(studio, "check") == 2)
    portraits = [SAMPLES / "astronaut.png", SAMPLES / "grace_hopper.jpg"]
    ran = greenlight("check", *portraits, "--model", "emo", "--model", "liveportrait")
    stopper.join()
    assert ran.code == 130
    assert paid(studio) == {"emo-detect-v1": 2}
