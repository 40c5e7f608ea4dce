"""Two processes that pay out of one budget in PostgreSQL, one of them stopped at every statement in turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from greenlight.errors import OverBudget
from greenlight.ledger import Budget, Claim, Ledger, NewCheck, NewJob, Terms
from greenlight.ledger.job import claim_name
from tests.ledger.values import CHECK, LEASE, another
from tests.postgresql import PostgresServer

DAY = Budget(max_cny=Decimal(1))
RUN = Budget(max_cny=Decimal(1), scope="run", run="run-1")
DEAR = {"price_cny": Decimal("0.6"), "flow_run": "run-1"}
MOST_STATEMENTS = 40
SECONDS = 20.0

New = NewCheck | NewJob


class Stopped:
    """Stop whatever a ledger does before one of its statements, until it may go on."""

    def __init__(self, ledger: Ledger, before: int) -> None:
        self._remaining = before
        self.is_there = threading.Event()
        self.may_go_on = threading.Event()
        event.listen(ledger._database._engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self._remaining -= 1
        if self._remaining == 0:
            self.is_there.set()
            assert self.may_go_on.wait(SECONDS)


@pytest.fixture
def books(postgres: PostgresServer) -> Iterator[tuple[Ledger, Ledger]]:
    url = postgres.make_database()
    with Ledger(url) as one, Ledger(url) as other:
        yield one, other


def claim_of(ledger: Ledger, new: New) -> Claim:
    name = claim_name(new.key) if isinstance(new, NewJob) else f"check {new.key}"
    held = ledger.leases.acquire(name, LEASE)
    assert held is not None
    return held


def pays(ledger: Ledger, new: New, held: Claim, budget: Budget) -> bool:
    """Book a request as far as the budget allows, at a pace of its model's own."""
    terms = Terms(pace=f"{new.model} {new.key}", starts_per_second=1e6, budgets=(budget,))
    try:
        ledger.payments.begin(new, held, terms)
    except OverBudget:
        return False
    return True


def wait_until_it_ended_or_waits(work: Future[bool], postgres: PostgresServer) -> None:
    """Return once there is nothing more that the other one can do."""
    waiting = b"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        while not work.done() and connection.execute(waiting).fetchone() == (0,):
            threading.Event().wait(0.005)


@pytest.mark.parametrize("budget", [DAY, RUN], ids=["day", "run"])
@pytest.mark.parametrize("pair", ["two jobs", "a job and a check", "two checks"])
def test_whenever_another_comes_in_between_a_budget_with_room_for_one_pays_for_one(
    books: tuple[Ledger, Ledger], postgres: PostgresServer, budget: Budget, pair: str
) -> None:
    one, other = books
    with ThreadPoolExecutor(2) as pool:
        for before in range(1, MOST_STATEMENTS):
            first, second = two_requests(pair, before)
            claims = claim_of(one, first), claim_of(other, second)
            stopped = Stopped(one, before)
            work = pool.submit(pays, one, first, claims[0], budget)
            while not (stopped.is_there.wait(0.005) or work.done()):
                pass
            between = pool.submit(pays, other, second, claims[1], budget)
            other.leases.renew(claims[1])
            wait_until_it_ended_or_waits(between, postgres)
            stopped.may_go_on.set()
            paid = [work.result(SECONDS), between.result(SECONDS)]
            assert sorted(paid) == [False, True], f"before statement {before}"
            empty(one)
            if not stopped.is_there.is_set():
                # It had no so many statements, so it was stopped before each of them.
                assert before > len(("a lock for each", "lease", "pace", "budget"))
                return
    raise AssertionError("a transaction has more statements than this test stops at")


def two_requests(pair: str, number: int) -> tuple[New, New]:
    jobs = another(2 * number, **DEAR), another(2 * number + 1, **DEAR)
    checks = [
        replace(
            CHECK, portrait=f"sha256-{number}-{one}", price_cny=Decimal("0.6"), flow_run="run-1"
        )
        for one in range(2)
    ]
    return {
        "two jobs": jobs,
        "a job and a check": (jobs[0], checks[1]),
        "two checks": (checks[0], checks[1]),
    }[pair]


def empty(ledger: Ledger) -> None:
    """Take what was paid out of the books, so that the budget has room again."""
    with ledger._database.writing() as connection:
        for table in ("jobs", "checks"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
