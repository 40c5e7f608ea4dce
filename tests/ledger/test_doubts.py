"""Jobs in doubt, and how the doubt is settled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from greenlight.ledger import JobState, Ledger
from tests.ledger.conftest import Clock
from tests.ledger.values import LEASE, NEW, another, claim_job, job, lose_answer, send, submit


def test_every_dead_holder_that_sent_leaves_a_job_in_doubt(timed: Ledger, clock: Clock) -> None:
    send(timed, another(1))
    submit(timed, new=another(3))
    clock.turn(LEASE)
    alive, _ = send(timed, another(4))
    assert timed.jobs.mark_left_in_doubt() == 1
    assert timed.jobs.mark_left_in_doubt() == 0
    (doubtful,) = timed.jobs.open_jobs(ambiguous=True)
    assert doubtful.key == another(1).key
    assert "ended before the answer" in doubtful.message
    assert doubtful.id != alive


def test_an_adopted_job_is_followed_from_when_it_was_sent(timed: Ledger, clock: Clock) -> None:
    sent_at = clock.at
    job_id = lose_answer(timed)
    clock.turn(1000)
    assert timed.jobs.adopt(job_id, "task-1")
    found = job(timed)
    assert (found.state, found.task_id, found.submitted_at) == (
        JobState.SUBMITTED,
        "task-1",
        sent_at,
    )


def test_an_adopted_job_takes_the_time_that_the_vendor_names(timed: Ledger, clock: Clock) -> None:
    job_id = lose_answer(timed)
    taken_at = clock.at + timedelta(seconds=3)
    timed.jobs.adopt(job_id, "task-1", submitted_at=taken_at)
    assert job(timed).submitted_at == taken_at


def test_a_task_that_another_job_owns_is_not_adopted(ledger: Ledger) -> None:
    submit(ledger, "task-1", another(1))
    job_id = lose_answer(ledger)
    assert not ledger.jobs.adopt(job_id, "task-1")
    assert job(ledger).state is JobState.AMBIGUOUS


def test_of_two_jobs_that_adopt_one_task_at_once_one_gets_it(ledger: Ledger) -> None:
    doubtful = [lose_answer(ledger, another(number)) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        adopted = list(pool.map(lambda job_id: ledger.jobs.adopt(job_id, "task-1"), doubtful))
    assert sum(adopted) == 1


def test_of_those_who_adopt_and_release_at_once_one_wins(ledger: Ledger) -> None:
    job_id = lose_answer(ledger)
    steps = [
        lambda: ledger.jobs.release(job_id),
        lambda: ledger.jobs.adopt(job_id, "task-1"),
        lambda: ledger.jobs.adopt(job_id, "task-2"),
    ] * 2
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda step: step(), steps)) == 1


def test_a_released_job_is_free_again_and_says_why_it_was(ledger: Ledger) -> None:
    job_id = lose_answer(ledger)
    assert ledger.jobs.release(job_id, message="no task was found")
    assert (job(ledger).state, job(ledger).message) == (JobState.FAILED, "no task was found")
    assert send(ledger)[0] == job_id


@pytest.mark.parametrize("prepare", [send, submit])
def test_a_job_that_is_in_no_doubt_is_neither_adopted_nor_released(
    ledger: Ledger, prepare: object
) -> None:
    assert callable(prepare)
    prepare(ledger)
    before = job(ledger)
    assert not ledger.jobs.release(before.id)
    assert not ledger.jobs.adopt(before.id, "task-9")
    assert job(ledger) == before


def test_the_task_of_a_failed_attempt_is_nobody_elses(ledger: Ledger) -> None:
    ledger.jobs.close(submit(ledger, "task-1"), JobState.FAILED)
    submit(ledger, "task-2")
    assert ledger.jobs.owned_task_ids(["task-1", "task-2"]) == {"task-1", "task-2"}
    assert not ledger.jobs.adopt(lose_answer(ledger, another(1)), "task-1")


def test_the_tasks_that_jobs_own_are_told_apart(ledger: Ledger) -> None:
    submit(ledger, "task-1", another(1))
    ledger.jobs.close(submit(ledger, "task-2", another(2)), JobState.SUCCEEDED)
    lose_answer(ledger, NEW)
    listed = ["task-1", "task-2", "task-3"]
    assert ledger.jobs.owned_task_ids(listed) == {"task-1", "task-2"}
    assert ledger.jobs.owned_task_ids([]) == set()


def test_a_doubt_about_a_later_request_is_not_released(timed: Ledger, clock: Clock) -> None:
    job_id = lose_answer(timed)
    first = job(timed).sent_at
    assert timed.jobs.release(job_id, sent_at=first)
    clock.turn(1)
    lose_answer(timed)
    assert not timed.jobs.release(job_id, sent_at=first)
    assert job(timed).state is JobState.AMBIGUOUS
    assert timed.jobs.release(job_id, sent_at=job(timed).sent_at)


def test_unanswered_are_the_jobs_on_their_way_and_in_doubt(ledger: Ledger) -> None:
    on_its_way, _ = send(ledger, another(1))
    in_doubt = lose_answer(ledger, another(2))
    submit(ledger, new=another(4))
    send(ledger, another(5, service="elsewhere"))
    assert {one.id for one in ledger.jobs.unanswered(NEW.service)} == {on_its_way, in_doubt}


def test_a_doubt_is_watched_from_the_first_look_on_until_it_is_sent_again(
    timed: Ledger, clock: Clock
) -> None:
    job_id = lose_answer(timed)
    first = timed.jobs.watch(job_id)
    assert first == clock.at
    clock.turn(100)
    assert timed.jobs.watch(job_id) == first
    timed.jobs.release(job_id)
    lose_answer(timed)
    assert timed.jobs.watch(job_id) == clock.at


def test_a_clock_that_was_put_back_hides_no_dead_holder(timed: Ledger, clock: Clock) -> None:
    send(timed)
    clock.turn(-3600)
    assert timed.jobs.mark_left_in_doubt() == 1


def test_who_holds_the_claim_of_a_job_knows_that_nobody_awaits_its_answer(
    timed: Ledger, clock: Clock
) -> None:
    send(timed)
    clock.turn(LEASE)
    claim_job(timed)
    assert timed.jobs.mark_left_in_doubt() == 0
    assert timed.jobs.mark_left_in_doubt(NEW.key) == 1
    assert timed.jobs.mark_left_in_doubt(NEW.key) == 0


@pytest.mark.parametrize("prepare", [submit, lose_answer])
def test_who_holds_the_claim_of_a_job_that_was_answered_leaves_it_as_it_stands(
    ledger: Ledger, prepare: Callable[[Ledger], int]
) -> None:
    prepare(ledger)
    before = job(ledger)
    ledger.jobs.mark_left_in_doubt(NEW.key)
    assert job(ledger) == before


@pytest.mark.parametrize(("seen_by", "account"), [("theirs", "theirs"), (None, "ours")])
def test_an_adopted_job_is_the_accounts_whose_key_saw_its_task(
    ledger: Ledger, seen_by: str | None, account: str
) -> None:
    new = replace(NEW, account="ours")
    ledger.jobs.adopt(lose_answer(ledger, new), "task-1", account=seen_by)
    assert job(ledger, new).account == account


def test_the_tasks_that_the_vendor_must_still_list_are_those_of_the_same_account(
    timed: Ledger, clock: Clock
) -> None:
    submit(timed, "task-1", another(1, account="ours"))
    clock.turn(3600)
    submit(timed, "task-2", another(2, account="ours"))
    submit(timed, "task-3", another(3, account="theirs"))
    submit(timed, "task-4", another(4, account="ours", service="elsewhere"))
    lately = timed.jobs.accepted_lately("ours", NEW.service, within=timedelta(minutes=30))
    assert lately == {"task-2"}
