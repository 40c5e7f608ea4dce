"""What was promised to a run is its own until it has ended, however it ends."""

from __future__ import annotations

from decimal import Decimal

import pytest

from greenlight.errors import LedgerError, OverBudget
from greenlight.ledger import Budget, Ledger
from greenlight.paying.spending import spending

RUN = Budget(max_cny=Decimal(1), scope="run", run="sweep")


def has_room(ledger: Ledger) -> bool:
    try:
        ledger.promises.require_room(RUN, Decimal(1), "it")
    except OverBudget:
        return False
    return True


@pytest.fixture
def promise(ledger: Ledger) -> int:
    return ledger.promises.make(RUN, "film", Decimal(1))


async def test_a_run_that_fails_gives_back_what_was_promised_to_it(
    ledger: Ledger, promise: int
) -> None:
    async def fail() -> None:
        async with spending(ledger, promise, "film-run"):
            assert not has_room(ledger)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert has_room(ledger)


async def test_no_outcome_is_lost_where_a_promise_cannot_be_given_back(
    ledger: Ledger, promise: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise LedgerError("the ledger is away")

    monkeypatch.setattr(ledger.promises, "release", away)
    async with spending(ledger, promise, "film-run"):
        pass
    assert not has_room(ledger)


async def test_a_run_of_its_own_spends_no_promise(ledger: Ledger, promise: int) -> None:
    async with spending(ledger, None, "film-run"):
        pass
    assert not has_room(ledger)
