"""What is open, and what was paid lately."""

from __future__ import annotations

from decimal import Decimal

from greenlight.ledger import Ledger
from greenlight.ledger.standing import Standing
from tests.ledger.conftest import Clock
from tests.ledger.values import (
    PASSED,
    PRICE,
    another,
    answer,
    begin_check,
    book,
    lose_answer,
    send,
    submit,
)

CNY = Decimal("0.08")


def test_every_open_job_and_every_awaited_answer_is_counted(timed: Ledger) -> None:
    send(timed, another(2, price_cny=CNY))
    lose_answer(timed, another(3, price_cny=CNY))
    submit(timed, "task-4", another(4, price_cny=CNY))
    submit(timed, "task-5", another(5, price_cny=CNY))
    begin_check(timed)
    book(timed, PASSED)
    found = timed.standings.of_last(10)
    assert found == Standing(submitted=2, in_doubt=1, awaited=1, paid_cny=4 * CNY + 2 * PRICE)


def test_an_awaited_check_counts_until_it_is_answered(timed: Ledger) -> None:
    number = begin_check(timed)
    assert timed.standings.of_last(10) == Standing(0, 0, 1, PRICE)
    answer(timed, number, PASSED, PRICE)
    assert timed.standings.of_last(10) == Standing(0, 0, 0, PRICE)


def test_what_was_paid_before_does_not_count_and_what_is_open_does(
    timed: Ledger, clock: Clock
) -> None:
    submit(timed, "task-1", another(1, price_cny=CNY))
    begin_check(timed)
    clock.turn(11)
    assert timed.standings.of_last(10) == Standing(1, 0, 0, Decimal(0))
