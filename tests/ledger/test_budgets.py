"""Money is reserved before it is spent, and no budget is ever exceeded."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from greenlight.errors import OverBudget
from greenlight.ledger import Budget, JobState, Ledger, NewJob
from tests.ledger.conftest import Clock
from tests.ledger.processes import in_processes
from tests.ledger.values import (
    CHECK,
    LEASE,
    PASSED,
    PRICE,
    another,
    answer,
    begin,
    begin_check,
    book,
    claim_job,
    job,
    let_go,
    lose_answer,
    send,
)

DAY = Budget(max_cny=Decimal(1))
RUN = Budget(max_cny=Decimal(1), scope="run", run="run-1")


def costing(price: str, number: int = 1, **fields: str) -> NewJob:
    return another(number, price_cny=Decimal(price), **fields)


def fits(ledger: Ledger, new: NewJob, *budgets: Budget) -> bool:
    try:
        send(ledger, new, *budgets)
    except OverBudget:
        return False
    return True


def test_a_price_that_just_fits_is_reserved_and_one_more_is_not(ledger: Ledger) -> None:
    assert fits(ledger, costing("0.6", 1), DAY)
    assert fits(ledger, costing("0.4", 2), DAY)
    assert not fits(ledger, costing("0.000001", 3), DAY)
    assert fits(ledger, costing("0", 4), DAY)
    assert ledger.jobs.find(costing("0", 3).key) is None


def test_the_refusal_is_a_sentence_with_all_the_sums(timed: Ledger) -> None:
    book(timed, PASSED)
    fits(timed, costing("0.6", 1))
    with pytest.raises(OverBudget) as caught:
        send(timed, costing("0.4", 2), DAY)
    assert pickle.loads(pickle.dumps(caught.value)).text() == (
        "budget exceeded for 2026-11-20 (UTC+8): 0.004 of 1 CNY spent, 0.6 reserved; "
        "this request may cost 0.4; raise GREENLIGHT_MAX_CNY_PER_DAY, or continue when that day is over; "
        "nothing was sent."
    )


def test_checks_and_jobs_share_a_budget(ledger: Ledger) -> None:
    tight = replace(DAY, max_cny=2 * PRICE)
    begin_check(ledger, CHECK, tight)
    assert fits(ledger, costing(str(PRICE)), tight)
    with pytest.raises(OverBudget):
        begin_check(ledger, replace(CHECK, portrait="sha256-cd"), tight)


def test_a_check_that_is_not_used_counts_as_spent(ledger: Ledger) -> None:
    check_id = begin_check(ledger, replace(CHECK, price_cny=Decimal(1)))
    answer(ledger, check_id, PASSED, Decimal("0.9"), usable=False)
    assert fits(ledger, costing("0.1", 1), DAY)
    with pytest.raises(OverBudget, match=r"0\.9 of 1 CNY spent, 0\.1 reserved"):
        begin_check(ledger, replace(CHECK, price_cny=Decimal("0.2")), DAY)


@pytest.mark.parametrize(
    ("became", "counts"), [("uncertain", True), ("sent", True), ("not paid", False)]
)
def test_a_check_counts_unless_it_was_certainly_not_paid(
    ledger: Ledger,
    became: str,
    counts: bool,  # noqa: FBT001
) -> None:
    check_id = begin_check(ledger, replace(CHECK, price_cny=Decimal(1)))
    if became == "uncertain":
        ledger.checks.uncertain(check_id)
    elif became == "not paid":
        ledger.checks.not_paid(check_id)
    assert fits(ledger, costing("0.1"), DAY) is not counts


def submit(ledger: Ledger, new: NewJob) -> int:
    job_id, token = send(ledger, new)
    ledger.jobs.store_task(job_id, token, task_id=f"task-{job_id}", request_id="r")
    let_go(ledger, token, new)
    return job_id


def test_a_job_counts_with_its_price_until_it_is_settled(ledger: Ledger) -> None:
    job_id = submit(ledger, costing("0.9", 1))
    assert not fits(ledger, costing("0.5", 2), DAY)
    ledger.jobs.close(job_id, JobState.SUCCEEDED, cost_cny=Decimal("0.5"))
    assert fits(ledger, costing("0.5", 2), DAY)
    assert not fits(ledger, costing("0.1", 3), DAY)


@pytest.mark.parametrize("ended", [JobState.FAILED, JobState.CANCELED])
def test_a_job_that_failed_costs_nothing(ledger: Ledger, ended: JobState) -> None:
    ledger.jobs.close(submit(ledger, costing("0.9", 1)), ended)
    assert fits(ledger, costing("1", 1), DAY)


def test_an_expired_job_keeps_its_price(ledger: Ledger) -> None:
    ledger.jobs.expire(submit(ledger, costing("0.9", 1)), message="too late")
    assert not fits(ledger, costing("0.2", 2), DAY)


def test_a_job_in_doubt_stays_reserved_until_it_is_released(ledger: Ledger) -> None:
    job_id = lose_answer(ledger, costing("0.9", 1))
    assert not fits(ledger, costing("0.2", 2), DAY)
    ledger.jobs.release(job_id)
    assert fits(ledger, costing("1", 2), DAY)


def test_what_a_dead_holder_sent_stays_reserved_and_what_was_refused_does_not(
    timed: Ledger, clock: Clock
) -> None:
    send(timed, costing("0.5", 1))
    refused, token = send(timed, costing("0.5", 2))
    assert not fits(timed, costing("0.1", 3), DAY)
    timed.jobs.not_accepted(refused, token, code="InvalidParameter")
    clock.turn(LEASE)
    assert not fits(timed, costing("0.6", 3), DAY)
    assert fits(timed, costing("0.5", 3), DAY)


def test_a_holder_that_comes_late_cannot_overdraw_a_budget(timed: Ledger, clock: Clock) -> None:
    """The room that its death seemed to leave was given to another; it is looked at when it sends."""
    late = claim_job(timed, costing("0.6", 1))
    clock.turn(LEASE)
    assert fits(timed, costing("0.6", 2), DAY)
    with pytest.raises(OverBudget):
        begin(timed, costing("0.6", 1), DAY, claim=late)


def test_the_day_changes_at_midnight_of_utc_plus_8(timed: Ledger, clock: Clock) -> None:
    clock.at = datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)
    assert fits(timed, costing("0.9", 1), DAY)
    assert not fits(timed, costing("0.9", 2), DAY)
    clock.turn(1)
    assert fits(timed, costing("0.9", 2), DAY)
    assert not fits(timed, costing("0.9", 3), DAY)


def test_a_day_is_one_services_and_a_run_is_every_services(ledger: Ledger) -> None:
    assert fits(ledger, costing("0.9", 1, flow_run="run-1"), DAY, RUN)
    assert fits(ledger, costing("0.9", 2, service="elsewhere"), DAY)
    assert not fits(ledger, costing("0.9", 3, service="elsewhere", flow_run="run-1"), RUN)
    assert fits(ledger, costing("0.9", 4, flow_run="run-2"), replace(RUN, run="run-2"))


def test_the_tightest_of_several_budgets_decides(ledger: Ledger) -> None:
    roomy = replace(DAY, max_cny=Decimal(100))
    assert fits(ledger, costing("0.9", 1, flow_run="run-1"), roomy, RUN)
    with pytest.raises(OverBudget, match="for this run: 0 of 1 CNY"):
        send(ledger, costing("0.2", 2, flow_run="run-1"), roomy, RUN)


def test_many_threads_at_once_reserve_no_more_than_the_budget(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        fitting = list(
            pool.map(lambda number: fits(ledger, costing("0.3", number), DAY, RUN), range(16))
        )
    assert sum(fitting) == 3


def reserve_many(url: str) -> int:
    with Ledger(url) as ledger:
        jobs = (costing("0.3", 10 * os.getpid() + number) for number in range(4))
        return sum(fits(ledger, new, DAY) for new in jobs)


def test_many_processes_at_once_reserve_no_more_than_the_budget(ledger_url: str) -> None:
    assert sum(in_processes(4, reserve_many, ledger_url)) == 3


def test_what_was_reserved_is_in_the_books(ledger: Ledger) -> None:
    fits(ledger, costing("0.72", 1))
    assert job(ledger, costing("0", 1)).reserved_cny == Decimal("0.72")
