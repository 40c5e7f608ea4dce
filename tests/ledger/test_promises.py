"""What a run promises to the films that it hands over is held back, once, until they have ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from greenlight.errors import OverBudget
from greenlight.ledger import Budget, JobState, Ledger
from tests.ledger.processes import holding_process, in_processes
from tests.ledger.test_budgets import DAY, RUN, costing, fits, submit
from tests.ledger.values import CHECK, begin_check


def promise(ledger: Ledger, number: int, price: str, budget: Budget = RUN) -> int | None:
    """Promise a film; `None` if there is no room for it."""
    try:
        return ledger.promises.make(budget, f"film-{number}", Decimal(price))
    except OverBudget:
        return None


def test_what_is_promised_has_no_room_for_others_and_is_promised_once(ledger: Ledger) -> None:
    made = promise(ledger, 1, "0.6")
    assert made is not None
    assert promise(ledger, 1, "0.6") == made
    assert promise(ledger, 2, "0.5") is None
    assert not fits(ledger, costing("0.5", 1, flow_run="run-1"), RUN)
    assert fits(ledger, costing("0.4", 1, flow_run="run-1"), RUN)
    other = replace(RUN, run="run-2")
    assert promise(ledger, 1, "0.6", other) not in {made, None}
    with pytest.raises(
        OverBudget,
        match=r"^budget exceeded for this run: 0 of 1 CNY spent, 1 reserved; this video may cost 0\.1; ",
    ):
        ledger.promises.make(RUN, "film-2", Decimal("0.1"))


def test_a_promise_is_replaced_by_what_its_film_run_paid(ledger: Ledger) -> None:
    made = promise(ledger, 1, "0.6")
    assert made is not None
    ledger.promises.take(made, "film-run")
    job_id = submit(ledger, costing("0.5", 1, flow_run="film-run"))
    # While the film run goes on it may pay more, within its promise.
    assert promise(ledger, 2, "0.45") is None
    ledger.promises.require_room(RUN, Decimal("0.4"), "this brief")
    ledger.promises.release(made, "film-run")
    assert promise(ledger, 2, "0.51") is None
    second = promise(ledger, 2, "0.45")
    assert second is not None
    ledger.promises.release(second)
    ledger.jobs.close(job_id, JobState.SUCCEEDED, cost_cny=Decimal("0.2"))
    assert promise(ledger, 3, "0.8") is not None
    assert not fits(ledger, costing("0.1", 2, flow_run="run-1"), RUN)


def test_a_film_that_is_rejected_gives_its_promise_back_except_for_its_checks(
    ledger: Ledger,
) -> None:
    made = promise(ledger, 1, "1")
    assert made is not None
    ledger.promises.take(made, "film-run")
    check = replace(CHECK, flow_run="film-run", price_cny=Decimal("0.1"))
    begin_check(ledger, check)
    ledger.promises.release(made, "film-run")
    assert promise(ledger, 2, "0.91") is None
    assert promise(ledger, 2, "0.9") is not None


def test_a_film_that_another_run_goes_on_with_keeps_its_promise_and_its_limit(
    ledger: Ledger,
) -> None:
    made = promise(ledger, 1, "1")
    assert made is not None
    ledger.promises.take(made, "first")
    assert fits(ledger, costing("0.4", 1, flow_run="first"))
    for _ in range(2):
        ledger.promises.take(made, "second")
    ledger.promises.release(made, "first")
    ledger.promises.release(made)
    assert promise(ledger, 2, "0.1") is None
    film = replace(RUN, run="second")
    assert not fits(ledger, costing("0.7", 2, flow_run="second"), film)
    assert fits(ledger, costing("0.3", 2, flow_run="second"), film)
    ledger.promises.release(made, "second")
    assert promise(ledger, 2, "0.31") is None
    assert promise(ledger, 2, "0.3") is not None


def test_a_film_that_begins_again_after_its_end_needs_room_again(ledger: Ledger) -> None:
    made = promise(ledger, 1, "0.6")
    assert made is not None
    ledger.promises.take(made, "film-run")
    assert fits(ledger, costing("0.2", 1, flow_run="film-run"))
    ledger.promises.release(made, "film-run")
    # 0.2 are paid, and 0.4 would be promised again.
    other = promise(ledger, 2, "0.5")
    assert other is not None
    with pytest.raises(OverBudget, match=r"0\.7 reserved; this video may cost 0\.4"):
        ledger.promises.take(made, "film-run")
    with pytest.raises(OverBudget):
        ledger.promises.take(made, "another")
    ledger.promises.release(other)
    ledger.promises.take(made, "another")
    assert promise(ledger, 2, "0.5") is None


def test_a_promise_is_no_part_of_the_day(ledger: Ledger) -> None:
    """A day counts what is reserved: the film run asks it once more before it pays."""
    promise(ledger, 1, "1")
    assert fits(ledger, costing("1"), DAY)


def test_what_would_fit_is_said_without_holding_anything_back(ledger: Ledger) -> None:
    promise(ledger, 1, "0.6")
    for _ in range(2):
        ledger.promises.require_room(RUN, Decimal("0.4"), "this brief")
    with pytest.raises(OverBudget, match=r"0\.6 reserved; this brief may cost 0\.5; "):
        ledger.promises.require_room(RUN, Decimal("0.5"), "this brief")


def promise_and_pay(url: str) -> tuple[set[tuple[int, int]], int]:
    """Promise the same films as the others, and pay for one's own, as long as there is room."""
    promised, paid = set(), 0
    with Ledger(url) as ledger:
        for number in range(6):
            made = promise(ledger, number, "0.13")
            promised |= set() if made is None else {(number, made)}
            new = costing("0.07", 10 * os.getpid() + number, flow_run="run-1")
            paid += fits(ledger, new, RUN)
    return promised, paid


def test_many_processes_at_once_promise_and_pay_no_more_than_the_budget(ledger_url: str) -> None:
    done = in_processes(4, promise_and_pay, ledger_url)
    promised = set().union(*(promises for promises, _ in done))
    # Each film once, whoever promised it first.
    assert len(promised) == len(dict(promised))
    used = len(promised) * Decimal("0.13") + sum(paid for _, paid in done) * Decimal("0.07")
    assert Decimal("0.93") < used <= 1


def film_run(url: str, number: int) -> Iterator[None]:
    """Take a promise, pay within it, and stand still."""
    with Ledger(url) as ledger:
        ledger.promises.take(number, "film-run")
        assert fits(ledger, costing("0.4", 1, flow_run="film-run"))
        yield


def test_a_film_run_that_was_killed_leaves_its_promise_and_the_next_one_has_the_rest(
    ledger_url: str,
) -> None:
    with Ledger(ledger_url) as ledger:
        made = promise(ledger, 1, "0.6")
        assert made is not None
    with holding_process(film_run, ledger_url, made) as kill:
        kill()
    with Ledger(ledger_url) as ledger:
        assert promise(ledger, 2, "0.41") is None
        # The run that handed it over begins again, finds the promise, and creates another film run.
        assert promise(ledger, 1, "0.6") == made
        ledger.promises.take(made, "next")
        film = Budget(max_cny=Decimal("0.6"), scope="run", run="next")
        assert not fits(ledger, costing("0.3", 2, flow_run="next"), film)
        ledger.promises.release(made, "next")
        assert promise(ledger, 2, "0.6") is not None
