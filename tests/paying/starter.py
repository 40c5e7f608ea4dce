"""Pay for many checks in a process whose ledger stalls: `python -m tests.paying.starter JSON`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import event

from greenlight.ledger import Ledger
from greenlight.ledger.unbooked import Outcome
from greenlight.modelstudio.answers import Answer, read_success
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import NotSent
from greenlight.modelstudio.families.emo import EMO
from greenlight.modelstudio.question import Question
from greenlight.paying.holding import held
from greenlight.paying.payer import Payer, Payment
from tests.ledger.values import CHECK

PER_SECOND = 5
STALLED_SECONDS = 0.6
STALLED_OF = 3
"""So many payments' commits are quick, and then one takes its time; only one process is so unlucky."""


def start(studio: ModelStudio, name: str, per_second: float = PER_SECOND) -> Payment[Answer]:
    """Return a payment of which only the arrival matters."""
    return Payment(
        new=replace(CHECK, service=studio.service, portrait=name),
        request=studio.check_request(Question.of(EMO), "https://portraits.example/a.png"),
        starts_per_second=per_second,
        read=read,
        answered=lambda _: Outcome("check uncertain"),
        failed=lambda _: Outcome("check uncertain"),
    )


def read(answer: Answer) -> Answer:
    """Return any answer, but for one that asks to slow down."""
    if answer.status == 429:
        read_success(answer)
    return answer


def stall(ledger: Ledger) -> None:
    """Let some of the transactions that book a payment take their time to commit."""
    begin, begun = ledger.payments.begin, 0
    is_slow = False

    def watched(*asked: Any) -> Any:
        nonlocal begun, is_slow
        begun += 1
        is_slow = begun % STALLED_OF == 0
        return begin(*asked)

    def commit(_: Any) -> None:
        nonlocal is_slow
        if is_slow:
            is_slow = False
            time.sleep(STALLED_SECONDS)

    ledger.payments.begin = watched  # type: ignore[method-assign]
    event.listen(ledger._database._engine, "commit", commit)


async def main(told: dict[str, Any]) -> None:
    with Ledger(told["url"]) as ledger:
        if told["stalls"]:
            stall(ledger)
        async with ModelStudio("sk-local", base_url=told["base_url"]) as studio:
            payer = Payer(client=studio, ledger=ledger, lease_seconds=60)

            async def one(number: int) -> None:
                payment = start(studio, f"{told['name']}-{number}")
                while True:
                    async with held(ledger, payment.new.key) as claim:
                        assert claim is not None
                        # On a busy machine a turn may be missed; that costs nothing, and is asked for again.
                        with suppress(NotSent):
                            await payer.pay(payment, claim)
                            return

            await asyncio.gather(*(one(number) for number in range(told["count"])))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
