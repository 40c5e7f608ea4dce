"""Money is reserved before it is spent, and no budget is ever exceeded."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from greenlight.errors import OverBudget, explain
from greenlight.ledger import Budget, JobState, Ledger, NewJob
from tests.ledger.conftest import Clock
from tests.ledger.processes import in_processes
from tests.ledger.values import CHECK, LEASE, PASSED, PRICE, another, job

DAY = Budget(max_cny=Decimal(1))
RUN = Budget(max_cny=Decimal(1), scope="run", run="run-1")


def costing(price: str, number: int = 1, **fields: str) -> NewJob:
    return another(number, price_cny=Decimal(price), **fields)


def fits(ledger: Ledger, new: NewJob, *budgets: Budget) -> bool:
    try:
        _, token = ledger.jobs.reserve(new, lease_seconds=LEASE, budgets=budgets)
    except OverBudget:
        return False
    assert token is not None
    return True


def test_a_price_that_just_fits_is_reserved_and_one_more_is_not(ledger: Ledger) -> None:
    assert fits(ledger, costing("0.6", 1), DAY)
    assert fits(ledger, costing("0.4", 2), DAY)
    assert not fits(ledger, costing("0.000001", 3), DAY)
    assert fits(ledger, costing("0", 4), DAY)
    assert ledger.jobs.find(costing("0", 3).key) is None


def test_the_refusal_is_a_sentence_with_all_the_sums(timed: Ledger) -> None:
    check_id = timed.checks.begin(CHECK)
    timed.checks.answered(check_id, PASSED, cost_cny=PRICE)
    fits(timed, costing("0.6", 1))
    with pytest.raises(OverBudget) as caught:
        timed.jobs.reserve(costing("0.4", 2), lease_seconds=LEASE, budgets=[DAY])
    assert explain(pickle.loads(pickle.dumps(caught.value))).message == (
        "the budget of 1 CNY for 2026-11-20 (UTC+8) has no room: 0.004 are spent, 0.6 reserved, "
        "and this request may cost 0.4; raise GREENLIGHT_MAX_CNY_PER_DAY, or go on when that day is over; "
        "nothing was sent."
    )


def test_checks_and_jobs_share_a_budget(ledger: Ledger) -> None:
    tight = replace(DAY, max_cny=2 * PRICE)
    ledger.checks.begin(CHECK, budgets=[tight])
    assert fits(ledger, costing(str(PRICE)), tight)
    with pytest.raises(OverBudget):
        ledger.checks.begin(replace(CHECK, portrait="sha256-cd"), budgets=[tight])


def test_a_check_that_is_not_used_counts_as_spent(ledger: Ledger) -> None:
    check_id = ledger.checks.begin(replace(CHECK, price_cny=Decimal(1)))
    ledger.checks.stale(check_id, PASSED, cost_cny=Decimal("0.9"))
    assert fits(ledger, costing("0.1", 1), DAY)
    with pytest.raises(OverBudget, match=r"0\.9 are spent, 0\.1 reserved"):
        ledger.checks.begin(replace(CHECK, price_cny=Decimal("0.2")), budgets=[DAY])


@pytest.mark.parametrize(
    ("became", "counts"), [("uncertain", True), ("sent", True), ("not paid", False)]
)
def test_a_check_counts_unless_it_was_certainly_not_paid(
    ledger: Ledger,
    became: str,
    counts: bool,  # noqa: FBT001
) -> None:
    check_id = ledger.checks.begin(replace(CHECK, price_cny=Decimal(1)))
    if became == "uncertain":
        ledger.checks.uncertain(check_id)
    elif became == "not paid":
        ledger.checks.not_paid(check_id)
    assert fits(ledger, costing("0.1"), DAY) is not counts


def submit(ledger: Ledger, new: NewJob) -> int:
    found, token = ledger.jobs.reserve(new, lease_seconds=LEASE)
    assert token is not None
    ledger.jobs.mark_sent(found.id, token, lease_seconds=LEASE)
    ledger.jobs.store_task(found.id, token, task_id=f"task-{found.id}", request_id="r")
    return found.id


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
    found, token = ledger.jobs.reserve(costing("0.9", 1), lease_seconds=LEASE)
    assert token is not None
    ledger.jobs.mark_sent(found.id, token, lease_seconds=LEASE)
    ledger.jobs.mark_ambiguous(found.id, token, "lost")
    assert not fits(ledger, costing("0.2", 2), DAY)
    ledger.jobs.release(found.id)
    assert fits(ledger, costing("1", 2), DAY)


def test_a_dead_reservation_gives_its_money_back_unless_it_sent(
    timed: Ledger, clock: Clock
) -> None:
    found, token = timed.jobs.reserve(costing("0.5", 1), lease_seconds=LEASE)
    assert token is not None
    timed.jobs.mark_sent(found.id, token, lease_seconds=LEASE)
    assert fits(timed, costing("0.5", 2), DAY)
    clock.turn(LEASE)
    assert not fits(timed, costing("0.6", 3), DAY)
    assert fits(timed, costing("0.5", 3), DAY)


def test_a_job_that_is_in_the_books_already_needs_no_room(ledger: Ledger) -> None:
    submit(ledger, costing("0.9", 1))
    found, token = ledger.jobs.reserve(
        costing("0.9", 1), lease_seconds=LEASE, budgets=[replace(DAY, max_cny=Decimal(0))]
    )
    assert (found.state, token) == (JobState.SUBMITTED, None)


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
    with pytest.raises(OverBudget, match="1 CNY for this run"):
        ledger.jobs.reserve(
            costing("0.2", 2, flow_run="run-1"), lease_seconds=LEASE, budgets=[roomy, RUN]
        )


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
