"""However the ledger stalls, never more requests arrive in a second than the vendor takes."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import pytest

from greenlight.ledger import Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import Throttled
from greenlight.modelstudio.families.emo import EMO
from greenlight.paying.holding import held
from greenlight.paying.payer import Payer
from greenlight.studio.server import StudioServer
from tests.paying.proxies import read_request, serving
from tests.paying.starter import PER_SECOND, start
from tests.programs import ROOT
from tests.steering import add_fault

PROCESSES = 3
COUNT = 7
JITTER_SECONDS = 0.1
"""By how much a busy machine may delay one request and not another one: a second here is shorter by it."""


async def test_processes_whose_ledger_stalls_send_no_more_in_a_second_than_is_allowed(
    ledger_url: str,
) -> None:
    arrivals: list[float] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        arrivals.append(time.monotonic())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()

    async with serving(note) as port:
        base_url = f"http://127.0.0.1:{port}/api/v1"
        await asyncio.gather(*(run(base_url, ledger_url, name) for name in range(PROCESSES)))
    assert len(arrivals) == PROCESSES * COUNT
    arrivals.sort()
    most = max(
        sum(0 <= other - first < 1 - JITTER_SECONDS for other in arrivals) for first in arrivals
    )
    assert most <= PER_SECOND, [round(one - arrivals[0], 3) for one in arrivals]


async def run(base_url: str, url: str, name: int) -> None:
    told = json.dumps(
        {
            "base_url": base_url,
            "url": url,
            "name": str(name),
            "count": COUNT,
            # The others begin when it is over, and would be too many with the one that is late.
            "stalls": name == 0,
        }
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.paying.starter", told),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, errors.decode()


async def test_of_many_payments_in_a_process_one_at_a_time_asks_the_ledger(
    client: ModelStudio, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So whoever dies has one start at most."""
    asking = most = 0
    begin = ledger.payments.begin

    def watched(*asked: Any) -> Any:
        nonlocal asking, most
        asking += 1
        most = max(most, asking)
        begun = begin(*asked)
        asking -= 1
        return begun

    monkeypatch.setattr(ledger.payments, "begin", watched)
    await asyncio.gather(*(pay(client, ledger, number, per_second=1000) for number in range(8)))
    assert most == 1


async def test_a_paying_request_that_was_too_much_makes_everybody_wait(
    client: ModelStudio, ledger: Ledger, studio: StudioServer
) -> None:
    add_fault(studio, "throttle", "check", retry_after="300")
    with pytest.raises(Throttled):
        await pay(client, ledger, 1)
    name = f"{client.service} {EMO.check.model.id}"
    assert 200 < ledger.pace.remaining_seconds(name) <= 300


async def pay(
    client: ModelStudio, ledger: Ledger, number: int, *, per_second: float = PER_SECOND
) -> None:
    payment = start(client, f"sha256-{number}", per_second)
    async with held(ledger, payment.new.key) as claim:
        assert claim is not None
        await Payer(client=client, ledger=ledger, lease_seconds=60).pay(payment, claim)
