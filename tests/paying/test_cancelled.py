"""Whoever is interrupted has paid and booked, or has not sent anything and never will."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from greenlight.errors import LedgerError
from greenlight.ledger import Ledger
from greenlight.ledger.pace import Start
from greenlight.modelstudio.client import ModelStudio
from greenlight.paying import payer as module
from greenlight.studio.server import StudioServer
from tests.paying.conftest import Paid, PaidJob, until, until_received
from tests.production import produce
from tests.programs import ROOT, wait_until
from tests.steering import add_fault, received

Begun = tuple[Start, int | None]


async def until_it_ended(task: asyncio.Task[Any]) -> None:
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 60)


async def test_an_answer_that_is_awaited_is_booked_before_its_caller_is_gone(
    paid: Paid, studio: StudioServer
) -> None:
    add_fault(studio, "slow", paid.endpoint, seconds=1)
    under_way = asyncio.create_task(paid.pay())
    await until_received(studio, paid)
    under_way.cancel()
    await until_it_ended(under_way)
    assert paid.is_booked()


async def test_an_answer_is_booked_although_its_caller_is_cancelled_again_and_again(
    paid: Paid, studio: StudioServer
) -> None:
    add_fault(studio, "slow", paid.endpoint, seconds=1)
    under_way = asyncio.create_task(paid.pay())
    await until_received(studio, paid)
    for _ in range(3):
        under_way.cancel()
        await asyncio.sleep(0.05)
    await until_it_ended(under_way)
    await until(paid.is_booked)


async def test_a_lost_answer_is_a_doubt_although_its_caller_was_cancelled(
    paid: Paid, studio: StudioServer
) -> None:
    add_fault(studio, "slow", paid.endpoint, when="before", seconds=0.5)
    add_fault(studio, "drop", paid.endpoint, when="after")
    under_way = asyncio.create_task(paid.pay())
    await until_received(studio, paid)
    under_way.cancel()
    await until_it_ended(under_way)
    assert paid.rows == 1
    assert not paid.is_free()
    assert not paid.is_booked()


async def test_who_is_cancelled_while_the_pace_makes_all_wait_books_and_sends_nothing(
    paid: Paid, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asyncio.Event()
    loop, remaining = asyncio.get_running_loop(), paid.ledger.pace.remaining_seconds

    def watched(name: str) -> float:
        loop.call_soon_threadsafe(looked.set)
        return remaining(name)

    monkeypatch.setattr(paid.ledger.pace, "remaining_seconds", watched)
    paid.ledger.pace.slow_down(paid.pace, 3600)
    under_way = asyncio.create_task(paid.pay())
    await asyncio.wait_for(looked.wait(), 60)
    under_way.cancel()
    await until_it_ended(under_way)
    await expect_nothing_more(paid, studio)


async def expect_nothing_more(paid: Paid, studio: StudioServer) -> None:
    """Nothing was sent or booked, no thread does it later, and the next caller can do it at once."""
    assert (paid.rows, received(studio, paid.endpoint)) == (0, 0)
    assert all("greenlight-pay" not in repr(one) for one in asyncio.all_tasks())
    with paid.ledger._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM pace")
    await asyncio.wait_for(paid.pay(), 60)
    assert (paid.rows, received(studio, paid.endpoint)) == (1, 1)


def watch_begin(
    paid: Paid,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Callable[[], Begun]], Begun],
) -> asyncio.Event:
    """Tell when a request is about to be booked for the first time, and let a test do it its own way."""
    about_to, loop = asyncio.Event(), asyncio.get_running_loop()
    begin = paid.ledger.payments.begin

    def watched(*asked: Any) -> Begun:
        monkeypatch.setattr(paid.ledger.payments, "begin", begin)
        loop.call_soon_threadsafe(about_to.set)
        return change(lambda: begin(*asked))

    monkeypatch.setattr(paid.ledger.payments, "begin", watched)
    return about_to


async def test_who_is_cancelled_while_it_waits_for_a_start_books_and_sends_nothing(
    paid: Paid, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid.ledger.pace.slow_down(paid.pace, 3600)
    monkeypatch.setattr(paid.ledger.pace, "remaining_seconds", lambda _: 0.0)
    about_to = watch_begin(paid, monkeypatch, lambda begin: begin())
    under_way = asyncio.create_task(paid.pay())
    await asyncio.wait_for(about_to.wait(), 60)
    under_way.cancel()
    await until_it_ended(under_way)
    await expect_nothing_more(paid, studio)


async def test_who_is_cancelled_while_it_books_sends_nothing_and_leaves_it_free(
    paid: Paid, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_payment, stops = module.Payer._begin, []

    def note(*asked: Any) -> Any:
        stops.append(asked[-1])
        return begin_payment(*asked)

    def slowly(begin: Callable[[], Begun]) -> Begun:
        wait_until(stops[0].is_set, seconds=120, what="the cancellation")
        return begin()

    monkeypatch.setattr(module.Payer, "_begin", note)
    about_to = watch_begin(paid, monkeypatch, slowly)
    under_way = asyncio.create_task(paid.pay())
    await asyncio.wait_for(about_to.wait(), 60)
    under_way.cancel()
    await until_it_ended(under_way)
    assert paid.is_free()
    assert received(studio, paid.endpoint) == 0


async def test_who_is_cancelled_between_the_booking_and_its_start_sends_nothing_and_leaves_it_free(
    paid: Paid, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def far_away(begin: Callable[[], Begun]) -> Begun:
        start, number = begin()
        return replace(start, wait_seconds=3600, due=start.due + 3600), number

    watch_begin(paid, monkeypatch, far_away)
    monkeypatch.setattr(module, "LONGEST_SILENCE_SECONDS", 0.2)
    under_way = asyncio.create_task(paid.pay())
    await until(lambda: paid.rows)
    began_at = time.monotonic()
    under_way.cancel()
    await until_it_ended(under_way)
    assert time.monotonic() - began_at < 60
    assert paid.is_free()
    assert received(studio, paid.endpoint) == 0
    await paid.pay()
    assert paid.is_booked()


async def test_who_waits_behind_another_one_for_the_pace_may_be_cancelled_alone(
    client: ModelStudio,
    ledger: Ledger,
    astronaut: Path,
    sound: Path,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    takes = [await produce(client, ledger, astronaut, sound, take=take) for take in (1, 2, 3)]
    ledger.pace.slow_down(PaidJob(takes[0]).pace, 3600)
    begun: list[object] = []
    pay = module.Payer._pay

    def noted(*asked: Any) -> Any:
        begun.append(asked)
        return pay(*asked)

    monkeypatch.setattr(module.Payer, "_pay", noted)
    under_way = []
    for number, take in enumerate(takes, start=1):
        under_way.append(asyncio.create_task(take.submit()))
        await until(lambda number=number: len(begun) == number)  # type: ignore[misc]
    for task in reversed(under_way):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(task), 20)
    assert ledger.jobs.newest() == []
    assert received(studio, "create") == 0


async def test_who_waits_for_another_ones_payment_may_be_cancelled_alone(
    paid: Paid, studio: StudioServer
) -> None:
    add_fault(studio, "slow", paid.endpoint, seconds=1)
    first = asyncio.create_task(paid.pay())
    await until_received(studio, paid)
    second = asyncio.create_task(paid.pay())
    await asyncio.sleep(0)
    second.cancel()
    await until_it_ended(second)
    await first
    assert paid.is_booked()
    assert received(studio, paid.endpoint) == 1


async def test_an_interrupted_caller_waits_shorter_for_a_ledger_that_is_away(
    paid: Paid, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody waits for the end of this process; the next one books what is kept."""

    def away(_: object) -> None:
        raise LedgerError("the ledger is away")

    monkeypatch.setattr(module, "INTERRUPTED_SECONDS", 0.0)
    monkeypatch.setattr(module, "BOOK_AGAIN_SECONDS", 0.05)
    book = paid.ledger.unbooked.book
    monkeypatch.setattr(paid.ledger.unbooked, "book", away)
    under_way = asyncio.create_task(paid.pay())
    folder = paid.ledger.unbooked._folder
    assert folder is not None
    await until(folder.is_dir)
    under_way.cancel()
    await until_it_ended(under_way)
    monkeypatch.setattr(paid.ledger.unbooked, "book", book)
    assert not paid.is_booked()
    paid.ledger.unbooked.book_all()
    assert paid.is_booked()
    assert received(studio, paid.endpoint) == 1


@pytest.mark.parametrize("interrupts", [1, 2])
async def test_a_process_that_is_interrupted_books_the_answer_before_it_ends(
    paid: Paid, studio: StudioServer, ledger_url: str, home: Path, sound: Path, interrupts: int
) -> None:
    """Ctrl-C, once or impatiently twice: the loop is closed, and the answer is booked all the same."""
    add_fault(studio, "slow", paid.endpoint, seconds=3)
    told = {
        "endpoint": paid.endpoint,
        "base_url": studio.base_url,
        "url": ledger_url,
        "home": str(home),
        "sound": str(sound),
    }
    command = [sys.executable, "-m", "tests.paying.payer", json.dumps(told)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        await until_received(studio, paid)
        for _ in range(interrupts):
            process.send_signal(signal.SIGINT)
            await asyncio.sleep(0.2)
        _, said = await asyncio.to_thread(process.communicate, timeout=60)
    assert b"KeyboardInterrupt" in said
    assert process.returncode in {1, 130, -signal.SIGINT}
    assert paid.is_booked()
    assert received(studio, paid.endpoint) == 1
