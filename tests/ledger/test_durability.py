"""What was booked as sent, and what came of it, outlives a machine that loses its power."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from greenlight.ledger import Budget, JobState, Ledger
from tests.ledger.values import (
    CHECK,
    LEASE,
    NEW,
    PASSED,
    PRICE,
    answer,
    begin,
    begin_check,
    claim,
    claim_job,
    job,
    lose_answer,
    send,
    submit,
)
from tests.postgresql import PostgresServer

SYNCHRONOUS = {"sqlite": ("PRAGMA synchronous", 2), "postgresql": ("SHOW synchronous_commit", "on")}
"""How each database is asked, and what it answers when a commit waits for the disk."""


@pytest.fixture
def durable_url(ledger_url: str, postgres: PostgresServer) -> Iterator[str]:
    """A ledger whose server waits for the disk, as every server does that nobody has told otherwise."""
    if ledger_url.startswith("sqlite"):
        yield ledger_url
        return
    name = ledger_url.rsplit("/", 1)[-1]
    postgres.run(f"ALTER DATABASE {name} SET synchronous_commit = on")
    yield ledger_url
    postgres.run(f"ALTER DATABASE {name} RESET synchronous_commit")


@pytest.fixture
def ledger(durable_url: str) -> Iterator[Ledger]:
    with Ledger(durable_url) as books:
        yield books


def watch(ledger: Ledger) -> list[bool]:
    """Note of every transaction that writes from now on whether its commit waits for the disk."""
    seen: list[bool] = []
    writing = ledger._database.writing

    @contextmanager
    def watched(*names: str, durable: bool = True) -> Iterator[Connection]:
        with writing(*names, durable=durable) as connection:
            yield connection
            asked, expected = SYNCHRONOUS[connection.dialect.name]
            seen.append(connection.exec_driver_sql(asked).scalar_one() == expected)

    ledger._database.writing = watched  # type: ignore[method-assign]
    return seen


Step = Callable[[], object]


def steps_of_a_check(ledger: Ledger) -> Iterator[Step]:
    held = claim(ledger, f"check {CHECK.key}")
    yield lambda: begin(ledger, CHECK, Budget(max_cny=Decimal(1)), claim=held)
    ledger.leases.release(held)
    number = begin_check(ledger)
    yield lambda: ledger.checks.uncertain(number)
    yield lambda: answer(ledger, number, PASSED, PRICE, usable=False)
    yield lambda: ledger.checks.confirm(number, request_id=PASSED.request_id)
    yield lambda: ledger.checks.not_paid(number)


def steps_of_a_job(ledger: Ledger) -> Iterator[Step]:
    held = claim_job(ledger)
    yield lambda: begin(ledger, NEW, claim=held)
    number, token = job(ledger).id, held.token
    yield lambda: ledger.jobs.mark_ambiguous(number, token, "lost")
    yield lambda: ledger.jobs.not_accepted(number, token)
    yield lambda: ledger.jobs.store_task(number, token, task_id="task-1", request_id="r")
    yield lambda: ledger.jobs.close(number, JobState.FAILED)
    ledger.leases.release(held)


def steps_of_a_doubt(ledger: Ledger) -> Iterator[Step]:
    send(ledger)
    yield lambda: ledger.jobs.mark_left_in_doubt(NEW.key)
    yield lambda: ledger.jobs.watch(job(ledger).id)
    yield lambda: ledger.jobs.adopt(job(ledger).id, "task-1")
    yield lambda: ledger.jobs.expire(job(ledger).id, message="too late")


@pytest.mark.parametrize("steps", [steps_of_a_check, steps_of_a_job, steps_of_a_doubt])
def test_every_step_of_a_payment_is_on_the_disk_before_the_next_one(
    ledger: Ledger, steps: Callable[[Ledger], Iterator[Step]]
) -> None:
    seen = watch(ledger)
    for step in steps(ledger):
        seen.clear()
        step()
        assert seen == [True]


def test_a_release_is_on_the_disk_before_somebody_sends_again(ledger: Ledger) -> None:
    number = lose_answer(ledger)
    seen = watch(ledger)
    ledger.jobs.release(number)
    assert seen == [True]


def test_what_only_spares_waiting_does_not_wait_for_the_disk(ledger: Ledger) -> None:
    """Checks of many portraits would else wait for it three times as often."""
    seen = watch(ledger)
    held = claim(ledger, "a", LEASE)
    ledger.leases.renew(held)
    ledger.leases.release(held)
    ledger.pace.grant("emo", 5)
    ledger.pace.slow_down("emo", timedelta(seconds=1).total_seconds())
    assert seen == [False] * 5


def test_a_transaction_that_spares_the_wait_leaves_the_next_one_durable(ledger: Ledger) -> None:
    """Both may go by the same connection."""
    submit(ledger)
    seen = watch(ledger)
    ledger.leases.acquire("a", LEASE)
    ledger.jobs.close(job(ledger).id, JobState.SUCCEEDED)
    assert seen == [False, True]
