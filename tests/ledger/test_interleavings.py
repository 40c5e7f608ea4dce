"""Two processes at one PostgreSQL, one of them stopped before every statement in turn."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from greenlight.errors import LedgerError, OverBudget
from greenlight.ledger import (
    Budget,
    Claim,
    ClaimLost,
    JobState,
    Ledger,
    NewCheck,
    NewJob,
    Terms,
)
from greenlight.ledger.job import claim_name
from tests.ledger.values import CHECK, LEASE, another, lose_answer, send, terms
from tests.postgresql import PostgresServer

DAY = Budget(max_cny=Decimal(1))
RUN = Budget(max_cny=Decimal(1), scope="run", run="run-1")
DEAR = {"price_cny": Decimal("0.6"), "flow_run": "run-1"}
FEWEST_STATEMENTS, MOST_STATEMENTS = 3, 40
SECONDS = 120.0

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


def claim_of(ledger: Ledger, new: New, *, seconds: float = LEASE) -> Claim:
    name = claim_name(new.key) if isinstance(new, NewJob) else f"check {new.key}"
    held = ledger.leases.acquire(name, seconds)
    assert held is not None
    return held


def pays(ledger: Ledger, new: New, held: Claim, budget: Budget) -> bool:
    """Book a request as far as the budget allows, at a pace of its model's own."""
    alone = Terms(pace=f"{new.model} {new.key}", starts_per_second=1e6, budgets=(budget,))
    try:
        ledger.payments.begin(new, held, alone)
    except OverBudget:
        return False
    return True


def wait_until_it_ended_or_waits(work: Future[bool], postgres: PostgresServer) -> None:
    """Return once there is nothing more that the other one can do."""
    waiting = b"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        while not work.done() and connection.execute(waiting).fetchone() == (0,):
            threading.Event().wait(0.005)


class Turns:
    """Stop one piece of work before each of its statements in turn, and do another one meanwhile."""

    def __init__(self, one: Ledger, postgres: PostgresServer) -> None:
        self._one, self._postgres = one, postgres

    def __iter__(self) -> Iterator[int]:
        """Count up to the statement that the stopped work does not have."""
        for before in range(1, MOST_STATEMENTS):
            self._stopped = Stopped(self._one, before)
            yield before
            if not self._stopped.is_there.is_set():
                # There are locks, the lease, the pace and more to be stopped before.
                assert before >= FEWEST_STATEMENTS
                return
        raise AssertionError("the work has more statements than it is stopped at")

    def let(self, stopped: Callable[[], bool], between: Callable[[], bool]) -> tuple[bool, bool]:
        """Return what came of the stopped work, and of what was done in between."""
        with ThreadPoolExecutor(2) as pool:
            work = pool.submit(stopped)
            while not (self._stopped.is_there.wait(0.005) or work.done()):
                pass
            other = pool.submit(between)
            wait_until_it_ended_or_waits(other, self._postgres)
            self._stopped.may_go_on.set()
            return work.result(SECONDS), other.result(SECONDS)


@pytest.mark.parametrize("budget", [DAY, RUN], ids=["day", "run"])
@pytest.mark.parametrize("pair", ["two jobs", "a job and a check", "two checks"])
def test_whenever_another_comes_in_between_a_budget_with_room_for_one_pays_for_one(
    books: tuple[Ledger, Ledger], postgres: PostgresServer, budget: Budget, pair: str
) -> None:
    one, other = books
    for before in (turns := Turns(one, postgres)):
        first, second = two_requests(pair, before)
        claims = claim_of(other, first), claim_of(other, second)

        def renew_and_pay(second: New = second, held: Claim = claims[1]) -> bool:
            return other.leases.renew(held) and pays(other, second, held, budget)

        paid = turns.let(partial(pays, one, first, claims[0], budget), renew_and_pay)
        assert sorted(paid) == [False, True], f"before statement {before}"
        empty(one)


def promises(ledger: Ledger, film: str) -> bool:
    """Promise a film as far as the budget allows."""
    try:
        ledger.promises.make(RUN, film, DEAR["price_cny"])
    except OverBudget:
        return False
    return True


def ends(ledger: Ledger, promise: int) -> bool:
    """End a film run, whose payments count from now on instead of its promise."""
    ledger.promises.release(promise, "film-run")
    return True


def begins_again(ledger: Ledger, promise: int) -> bool:
    """Let a film run that has ended begin once more, as far as the budget allows."""
    try:
        ledger.promises.take(promise, "film-run")
    except OverBudget:
        return False
    return True


@pytest.mark.parametrize(
    "other_does",
    ["promises too", "pays", "ends a film that has paid", "begins a film again"],
)
def test_whenever_another_comes_in_between_a_budget_with_room_for_one_promises_one(
    books: tuple[Ledger, Ledger], postgres: PostgresServer, other_does: str
) -> None:
    one, other = books
    for before in (turns := Turns(one, postgres)):
        new = another(before, **DEAR)
        between = partial(promises, other, "another film")
        if other_does == "pays":
            between = partial(pays, other, new, claim_of(other, new), RUN)
        elif other_does == "ends a film that has paid":
            made = other.promises.make(RUN, "another film", DEAR["price_cny"])
            other.promises.take(made, "film-run")
            send(other, replace(new, flow_run="film-run"))
            between = partial(ends, other, made)
        elif other_does == "begins a film again":
            made = other.promises.make(RUN, "another film", DEAR["price_cny"])
            other.promises.release(made)
            between = partial(begins_again, other, made)
        promised = turns.let(partial(promises, one, "a film"), between)
        assert sorted(promised) == [False, True], f"before statement {before}"
        empty(one)


@pytest.mark.parametrize("stopped", ["the end", "the beginning"])
def test_whenever_a_film_run_ends_while_the_next_one_begins_its_promise_stays(
    books: tuple[Ledger, Ledger], postgres: PostgresServer, stopped: str
) -> None:
    one, other = books
    for before in (turns := Turns(one, postgres)):
        made = other.promises.make(RUN, "a film", DEAR["price_cny"])
        first, second = f"run-{before}", f"next-{before}"
        other.promises.take(made, first)
        ending, beginning = (one, other) if stopped == "the end" else (other, one)
        end, begin = (
            partial(ending.promises.release, made, first),
            partial(beginning.promises.take, made, second),
        )
        turns.let(*((end, begin) if stopped == "the end" else (begin, end)))
        assert not promises(other, "another film"), f"before statement {before}"
        other.promises.release(made, second)
        empty(one)


@pytest.mark.parametrize("stopped", ["the payer", "the taker"])
@pytest.mark.parametrize("kind", ["two jobs", "two checks"])
def test_whenever_a_name_is_taken_over_its_holder_has_paid_or_never_pays(
    books: tuple[Ledger, Ledger], postgres: PostgresServer, kind: str, stopped: str
) -> None:
    """The holder was stopped for longer than its lease, and both wake at the same moment."""
    one, other = books
    for before in (turns := Turns(one, postgres)):
        new, _ = two_requests(kind, before)
        payer, taker = (one, other) if stopped == "the payer" else (other, one)
        late = claim_of(other, new, seconds=0)
        late.seconds = LEASE

        def pay(payer: Ledger = payer, new: New = new, late: Claim = late) -> bool:
            with suppress(ClaimLost):
                return pays(payer, new, late, replace(DAY, max_cny=Decimal(1000)))
            return False

        def take_over(taker: Ledger = taker, late: Claim = late) -> bool:
            return taker.leases.acquire(late.name, LEASE) is not None

        work = (pay, take_over) if stopped == "the payer" else (take_over, pay)
        assert sorted(turns.let(*work)) == [False, True], f"before statement {before}"


def test_whenever_an_answer_comes_between_a_job_is_not_sent_over_it(
    books: tuple[Ledger, Ledger], postgres: PostgresServer
) -> None:
    one, other = books
    for before in (turns := Turns(one, postgres)):
        new, _ = two_requests("two jobs", before)
        held = claim_of(other, new)
        _, number = other.payments.begin(new, held, terms())
        assert number is not None
        other.jobs.not_accepted(number, held.token)
        task_id = f"task-{before}"

        def pay(new: New = new, held: Claim = held) -> bool:
            with suppress(ClaimLost):
                return pays(one, new, replace(held), replace(DAY, max_cny=Decimal(1000)))
            return False

        def accept(number: int = number, held: Claim = held, task_id: str = task_id) -> bool:
            other.jobs.store_task(number, held.token, task_id=task_id, request_id="r")
            return True

        turns.let(pay, accept)
        found = other.jobs.find(new.key)
        assert found is not None
        assert (found.state, found.task_id) == (JobState.SUBMITTED, task_id)


def test_whenever_another_comes_in_between_no_two_payments_get_one_start(
    books: tuple[Ledger, Ledger], postgres: PostgresServer
) -> None:
    one, other = books
    for before in (turns := Turns(one, postgres)):
        starts: list[datetime] = []
        shared = Terms(pace=f"emo {before}", starts_per_second=5)

        def pay(
            ledger: Ledger,
            new: New,
            held: Claim,
            starts: list[datetime] = starts,
            shared: Terms = shared,
        ) -> bool:
            start, number = ledger.payments.begin(new, held, shared)
            starts += [start.granted_at] if start.granted_at else []
            return number is not None

        first, second = two_requests("two jobs", before)
        turns.let(
            partial(pay, one, first, claim_of(other, first)),
            partial(pay, other, second, claim_of(other, second)),
        )
        gaps = [later - sooner for sooner, later in itertools.pairwise(sorted(starts))]
        assert all(gap >= timedelta(seconds=0.2) for gap in gaps), f"before statement {before}"


@pytest.mark.parametrize("stopped", ["the answer", "the adoption"])
def test_whenever_a_task_is_adopted_while_its_own_answer_arrives_one_job_gets_it(
    books: tuple[Ledger, Ledger], postgres: PostgresServer, stopped: str
) -> None:
    one, other = books
    for before in (turns := Turns(one, postgres)):
        own, doubtful = another(2 * before), another(2 * before + 1)
        answered, adopting = (one, other) if stopped == "the answer" else (other, one)
        number, token = send(other, own)
        in_doubt, task_id = lose_answer(other, doubtful), f"task-{before}"

        def accept(
            ledger: Ledger = answered, number: int = number, token: str = token, task: str = task_id
        ) -> bool:
            with suppress(LedgerError):
                ledger.jobs.store_task(number, token, task_id=task, request_id="r")
                return True
            return False

        adopt = partial(adopting.jobs.adopt, in_doubt, task_id)
        work = (accept, adopt) if stopped == "the answer" else (adopt, accept)
        assert sorted(turns.let(*work)) == [False, True], f"before statement {before}"


def test_who_needs_the_same_names_in_another_order_waits_and_is_not_refused(
    books: tuple[Ledger, Ledger], postgres: PostgresServer
) -> None:
    one, other = books

    def write(ledger: Ledger, *names: str) -> bool:
        with ledger._database.writing(*names):
            return True

    for _ in (turns := Turns(one, postgres)):
        both = partial(write, one, "a", "b"), partial(write, other, "b", "a")
        assert turns.let(*both) == (True, True)


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
        for table in ("jobs", "checks", "promises", "film_runs"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
