"""What was paid, summed by day, model and outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from greenlight.ledger import Cost, JobState, Ledger
from tests.ledger.conftest import Clock
from tests.ledger.values import (
    CHECK,
    LEASE,
    PASSED,
    PRICE,
    REFUSED,
    another,
    begin_check,
    book,
    lose_answer,
    send,
    submit,
)

DAY = date(2026, 11, 20)
VIDEO = Decimal("0.5")


def one_of_each(ledger: Ledger, clock: Clock) -> None:
    """Book a check and a job of every outcome."""
    book(ledger, PASSED, flow_run="run-1")
    book(ledger, PASSED, portrait="sha256-cd")
    book(ledger, REFUSED, portrait="sha256-ef")
    ledger.checks.uncertain(begin_check(ledger))
    begin_check(ledger, replace(CHECK, portrait="sha256-gh"))
    jobs = [another(number, price_cny=VIDEO) for number in range(9)]
    refused, token = send(ledger, jobs[0])
    ledger.jobs.not_accepted(refused, token, code="InvalidParameter")
    send(ledger, jobs[1])
    clock.turn(LEASE)
    done = ledger.jobs.close
    done(submit(ledger, "t-2", jobs[2]), JobState.SUCCEEDED, cost_cny=Decimal("0.2"))
    done(submit(ledger, "t-3", jobs[3]), JobState.FAILED)
    done(submit(ledger, "t-4", jobs[4]), JobState.CANCELED)
    ledger.jobs.expire(submit(ledger, "t-5", jobs[5]), message="too late")
    lose_answer(ledger, jobs[6])
    submit(ledger, "t-7", replace(jobs[7], flow_run="run-1"))
    send(ledger, jobs[8])


def test_every_outcome_has_its_sum(timed: Ledger, clock: Clock) -> None:
    one_of_each(timed, clock)
    sums = {
        (cost.model, cost.outcome): (cost.count, cost.cost_cny) for cost in timed.costs.by_outcome()
    }
    assert sums == {
        ("emo-detect-v1", "passed"): (2, 2 * PRICE),
        ("emo-detect-v1", "refused"): (1, PRICE),
        ("emo-detect-v1", "uncertain"): (2, 2 * PRICE),
        ("emo-v1", "filmed"): (1, Decimal("0.2")),
        ("emo-v1", "failed"): (2, Decimal(0)),
        ("emo-v1", "expired"): (1, VIDEO),
        ("emo-v1", "ambiguous"): (2, 2 * VIDEO),
        ("emo-v1", "open"): (2, 2 * VIDEO),
    }


def test_the_sums_of_one_run_or_one_service_can_be_asked_for(timed: Ledger, clock: Clock) -> None:
    one_of_each(timed, clock)
    book(timed, PASSED, service="elsewhere")
    assert timed.costs.by_outcome(flow_run="run-1") == [
        Cost(DAY, "studio:80", "emo-detect-v1", "passed", 1, PRICE),
        Cost(DAY, "studio:80", "emo-v1", "open", 1, VIDEO),
    ]
    assert timed.costs.by_outcome(service="elsewhere") == [
        Cost(DAY, "elsewhere", "emo-detect-v1", "passed", 1, PRICE)
    ]


def test_a_day_is_one_of_utc_plus_8(timed: Ledger, clock: Clock) -> None:
    clock.at = datetime(2026, 11, 19, 15, 59, 59, 999_999, tzinfo=UTC)
    begin_check(timed)
    submit(timed, "t-1", another(1))
    clock.at = datetime(2026, 11, 19, 16, tzinfo=UTC)
    begin_check(timed)
    days = [cost.day for cost in timed.costs.by_outcome()]
    assert days == [date(2026, 11, 19), date(2026, 11, 19), date(2026, 11, 20)]
    assert [cost.day for cost in timed.costs.by_outcome(since=DAY)] == [DAY]


def test_empty_books_have_no_sums(ledger: Ledger) -> None:
    assert ledger.costs.by_outcome() == []
