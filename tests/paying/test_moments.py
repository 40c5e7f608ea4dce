"""The first byte of a payment leaves at its moment, on a connection that is there already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from greenlight.ledger import Ledger
from greenlight.ledger.pace import AHEAD_SECONDS, Start
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import NotSent
from greenlight.paying import payer as module
from greenlight.paying.holding import held
from greenlight.paying.payer import Payer, payments_under_way
from tests.paying.proxies import read_request, serving
from tests.paying.starter import start


class Line:
    """A vendor that writes down when somebody comes, and when he begins to speak."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.under_way: list[int] = []
        self.port = 0

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append("connected")
        await read_request(reader)
        self.heard.append("asked")
        self.under_way.append(payments_under_way())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = Line()
    async with serving(made.listen) as made.port:
        yield made


async def pay(line: Line, ledger: Ledger) -> Any:
    async with ModelStudio("sk-local", base_url=f"http://127.0.0.1:{line.port}/api/v1") as studio:
        payment = start(studio, "sha256-1")
        async with held(ledger, payment.new.key) as claim:
            assert claim is not None
            return await Payer(client=studio, ledger=ledger, lease_seconds=60).pay(payment, claim)


async def test_nothing_is_said_on_the_line_before_the_moment_of_the_start(
    line: Line, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(*_: Any) -> None:
        while not line.heard:
            await asyncio.sleep(0.01)
        line.heard.append("waited")

    monkeypatch.setattr(module, "use_start", use)
    await pay(line, ledger)
    assert line.heard == ["connected", "waited", "asked"]


async def test_a_start_that_came_late_is_given_up_for_another_while_the_line_is_open(
    line: Line, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, grant, granted = ledger.payments.begin, ledger.pace.grant, 0

    def late(*asked: Any) -> tuple[Start, int | None]:
        booked, number = begin(*asked)
        return Start(booked.granted_at, 0.0, booked.due - 1), number

    def counted(name: str, per_second: float) -> Start:
        nonlocal granted
        granted += 1
        return grant(name, per_second)

    monkeypatch.setattr(ledger.payments, "begin", late)
    monkeypatch.setattr(ledger.pace, "grant", counted)
    await pay(line, ledger)
    assert granted >= 1
    assert line.heard == ["connected", "asked"]


async def test_a_start_that_is_far_off_is_not_waited_for_on_an_open_line(
    line: Line, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line on which nothing is said may be closed, and what is sent on it then is in doubt."""
    begin = ledger.payments.begin

    def late(*asked: Any) -> tuple[Start, int | None]:
        booked, number = begin(*asked)
        ledger.pace.slow_down(asked[2].pace, 60)
        return Start(booked.granted_at, 0.0, booked.due - 1), number

    monkeypatch.setattr(ledger.payments, "begin", late)
    monkeypatch.setattr(module, "LONGEST_SILENCE_SECONDS", AHEAD_SECONDS)
    with pytest.raises(NotSent, match="too late"):
        await pay(line, ledger)
    assert line.heard == ["connected"]


async def test_a_payment_is_counted_as_under_way_until_it_is_booked(
    line: Line, ledger: Ledger
) -> None:
    await pay(line, ledger)
    assert line.under_way == [1]
    assert payments_under_way() == 0
