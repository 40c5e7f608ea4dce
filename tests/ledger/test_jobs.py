"""A paid generation in the books, from its reservation to its end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from greenlight.errors import LedgerError
from greenlight.ledger import JobState, Ledger
from greenlight.ledger.jobs import MAX_ATTEMPTS
from tests.ledger.conftest import Clock
from tests.ledger.processes import in_processes
from tests.ledger.values import (
    HASH,
    LEASE,
    NEW,
    another,
    job,
    lose_answer,
    reserve,
    send,
    submit,
)
from tests.postgresql import PostgresServer


def test_of_many_callers_at_once_one_may_send(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ledger.jobs.reserve(NEW, lease_seconds=LEASE), range(24)))
    assert len([token for _, token in answers if token is not None]) == 1
    assert {job.id for job, _ in answers} == {answers[0][0].id}


def test_of_many_processes_at_once_one_may_send(ledger_url: str) -> None:
    sent = in_processes(4, reserve_and_send, ledger_url)
    assert sorted(sent) == [False, False, False, True]


def reserve_and_send(url: str) -> bool:
    with Ledger(url) as ledger:
        found, token = ledger.jobs.reserve(NEW, lease_seconds=LEASE)
        return token is not None and ledger.jobs.mark_sent(found.id, token, lease_seconds=LEASE)


def test_a_submitted_job_is_returned_with_its_task(ledger: Ledger) -> None:
    submit(ledger)
    found, token = ledger.jobs.reserve(NEW, lease_seconds=LEASE)
    assert token is None
    assert (found.state, found.task_id, found.brief) == (JobState.SUBMITTED, "task-1", NEW.brief)


def test_a_dead_reservation_that_sent_nothing_is_free_again(timed: Ledger, clock: Clock) -> None:
    job_id, token = reserve(timed)
    clock.turn(LEASE - 1)
    assert timed.jobs.reserve(NEW, lease_seconds=LEASE)[1] is None
    clock.turn(1)
    again_id, again = reserve(timed)
    assert again_id == job_id
    assert again != token


def test_a_dead_reservation_that_sent_is_ambiguous_and_stays_so(
    timed: Ledger, clock: Clock
) -> None:
    send(timed)
    clock.turn(LEASE)
    for _ in range(2):
        found, again = timed.jobs.reserve(NEW, lease_seconds=LEASE)
        assert again is None
        assert found.state is JobState.AMBIGUOUS


def test_a_holder_that_was_paused_beyond_its_lease_does_not_send(ledger: Ledger) -> None:
    job_id, token = reserve(ledger, lease_seconds=0)
    assert not ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)
    _, other = reserve(ledger)
    assert not ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)
    assert ledger.jobs.mark_sent(job_id, other, lease_seconds=LEASE)


def test_a_request_is_marked_as_sent_only_once(ledger: Ledger) -> None:
    job_id, token = send(ledger)
    assert not ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)
    ledger.jobs.mark_unsent(job_id, token)
    assert ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)


def test_a_freed_reservation_keeps_the_reason_and_can_be_taken(ledger: Ledger) -> None:
    job_id, token = send(ledger)
    ledger.jobs.free(job_id, token, code="InvalidParameter", message="503 timeout")
    found = job(ledger)
    assert (found.state, found.code, found.sent_at) == (
        JobState.RESERVED,
        "InvalidParameter",
        None,
    )
    reserve(ledger)


def test_a_refusal_that_comes_after_the_lease_ends_the_doubt(timed: Ledger, clock: Clock) -> None:
    job_id, token = send(timed)
    clock.turn(LEASE)
    assert timed.jobs.mark_left_in_doubt() == 1
    timed.jobs.free(job_id, token, code="InvalidParameter", message="no")
    reserve(timed)


def test_a_task_id_is_kept_even_if_the_lease_ended_while_it_was_sent(
    timed: Ledger, clock: Clock
) -> None:
    job_id, token = send(timed)
    clock.turn(LEASE)
    timed.jobs.store_task(job_id, token, task_id="task-1", request_id="r-1")
    assert job(timed).state is JobState.SUBMITTED


def test_a_task_id_that_comes_late_ends_the_doubt(timed: Ledger, clock: Clock) -> None:
    job_id, token = send(timed)
    clock.turn(LEASE)
    timed.jobs.mark_left_in_doubt()
    timed.jobs.store_task(job_id, token, task_id="task-1", request_id="r-1")
    found = job(timed)
    assert (found.state, found.task_id, found.message) == (JobState.SUBMITTED, "task-1", "")


def test_a_task_id_that_comes_after_the_release_stops_the_next_sender(ledger: Ledger) -> None:
    job_id, token = send(ledger)
    ledger.jobs.mark_ambiguous(job_id, token, "lost")
    assert ledger.jobs.release(job_id)
    _, other = reserve(ledger)
    ledger.jobs.store_task(job_id, token, task_id="task-1", request_id="r-1")
    assert not ledger.jobs.mark_sent(job_id, other, lease_seconds=LEASE)
    assert job(ledger).task_id == "task-1"


def test_a_task_id_that_comes_too_late_is_said_aloud_and_kept(ledger: Ledger) -> None:
    job_id, token = send(ledger)
    ledger.jobs.mark_ambiguous(job_id, token, "lost")
    ledger.jobs.release(job_id)
    submit(ledger, "task-2")
    with pytest.raises(LedgerError, match=r"task-1 .* has another one") as caught:
        ledger.jobs.store_task(job_id, token, task_id="task-1", request_id="r-1")
    assert caught.value.spent
    assert job(ledger).task_id == "task-2"
    assert ledger.jobs.owned_task_ids(["task-1"]) == {"task-1"}


def test_a_task_id_of_another_job_is_said_aloud(ledger: Ledger) -> None:
    submit(ledger, "task-1", another(1))
    job_id, token = send(ledger)
    with pytest.raises(LedgerError, match=r"task-1 .* another job has it"):
        ledger.jobs.store_task(job_id, token, task_id="task-1", request_id="r-1")


def test_a_task_id_may_be_stored_again_when_nobody_knows_whether_it_was(ledger: Ledger) -> None:
    job_id, token = send(ledger)
    for _ in range(2):
        ledger.jobs.store_task(job_id, token, task_id="task-1", request_id="r-1")
    assert job(ledger).task_id == "task-1"


def test_a_task_id_that_arrives_while_somebody_reserves_is_not_overwritten(
    postgres: PostgresServer,
) -> None:
    url = postgres.make_database()
    with Ledger(url) as ledger, ThreadPoolExecutor(1) as pool, psycopg.connect(url) as vendor:
        job_id, token = reserve(ledger)
        ledger.jobs.mark_sent(job_id, token, lease_seconds=0)
        vendor.execute("UPDATE jobs SET state = 'submitted', task_id = 'task-1'")
        reserving = pool.submit(ledger.jobs.reserve, NEW, lease_seconds=LEASE)
        postgres.wait_until_somebody_waits()
        vendor.commit()
        found, again = reserving.result(10)
    assert (found.state, again) == (JobState.SUBMITTED, None)


@pytest.mark.parametrize("ended", [JobState.FAILED, JobState.CANCELED])
def test_what_was_not_paid_may_be_made_again_twice(ledger: Ledger, ended: JobState) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        closed = ledger.jobs.close(submit(ledger, f"task-{attempt}"), ended)
        assert closed.cost_cny == 0
    found, token = ledger.jobs.reserve(NEW, lease_seconds=LEASE)
    assert token is None
    assert found.attempts == MAX_ATTEMPTS


@pytest.mark.parametrize("ended", [JobState.SUCCEEDED, JobState.EXPIRED])
def test_what_was_paid_is_never_made_again(ledger: Ledger, ended: JobState) -> None:
    ledger.jobs.close(submit(ledger), ended)
    found, token = ledger.jobs.reserve(NEW, lease_seconds=LEASE)
    assert token is None
    assert found.state is ended


def test_a_closed_job_keeps_how_it_first_ended(ledger: Ledger) -> None:
    job_id = submit(ledger)
    ledger.jobs.close(job_id, JobState.SUCCEEDED, place="a.mp4")
    assert ledger.jobs.close(job_id, JobState.FAILED).state is JobState.SUCCEEDED
    assert ledger.jobs.expire(job_id, message="too late").place == "a.mp4"


def test_an_expired_job_says_why_and_keeps_its_price(ledger: Ledger) -> None:
    job_id = submit(ledger, new=replace(NEW, price_cny=NEW.price_cny + 2))
    expired = ledger.jobs.expire(job_id, message="the link is dead")
    assert (expired.state, expired.message) == (JobState.EXPIRED, "the link is dead")
    assert (expired.reserved_cny, expired.cost_cny) == (2, None)


@pytest.mark.parametrize("name", [NEW.key, HASH, HASH[:6], HASH[:6].upper()])
def test_people_name_a_job_by_its_key_its_hash_or_the_beginning_of_it(
    ledger: Ledger, name: str
) -> None:
    submit(ledger)
    submit(ledger, "task-2", another(1))
    assert ledger.jobs.find_by_name(name).key == NEW.key
    assert ledger.jobs.find_by_name(name).hash == HASH


@pytest.mark.parametrize("name", ["0000", "cdcdcd", "ab", "%", "", "abab_", HASH + "ab"])
def test_a_name_that_means_no_job_or_several_is_refused(ledger: Ledger, name: str) -> None:
    submit(ledger)
    for number in (2, 3):
        submit(ledger, f"task-{number}", another(number))
    with pytest.raises(LedgerError, match="greenlight jobs"):
        ledger.jobs.find_by_name(name)


def test_a_hash_means_the_job_of_the_service_that_is_asked_about(ledger: Ledger) -> None:
    submit(ledger)
    elsewhere = replace(NEW, key=f"elsewhere,{HASH}", service="elsewhere")
    submit(ledger, "task-2", elsewhere)
    with pytest.raises(LedgerError, match="more than one"):
        ledger.jobs.find_by_name(HASH)
    assert ledger.jobs.find_by_name(HASH, service="elsewhere").key == elsewhere.key
    assert ledger.jobs.find_by_name(NEW.key, service="elsewhere").key == NEW.key


def test_open_jobs_come_by_pages_the_oldest_first(timed: Ledger, clock: Clock) -> None:
    for number in (3, 1, 4, 2, 5):
        submit(timed, f"task-{number}", another(number))
        clock.turn(number % 2)
    seen: list[str | None] = []
    page = timed.jobs.open_jobs(limit=2)
    while page:
        seen += [one.task_id for one in page]
        timed.jobs.close(page[0].id, JobState.SUCCEEDED)
        page = timed.jobs.open_jobs(limit=2, after=page[-1])
    assert seen == ["task-3", "task-1", "task-4", "task-2", "task-5"]


def test_open_jobs_are_those_that_wait_and_on_request_those_in_doubt(ledger: Ledger) -> None:
    reserve(ledger, another(1))
    doubtful = lose_answer(ledger, another(2))
    waiting = submit(ledger, "task-3", another(3))
    ledger.jobs.close(submit(ledger, "task-4", another(4)), JobState.SUCCEEDED)
    submit(ledger, "task-5", another(5, service="elsewhere"))
    assert [one.id for one in ledger.jobs.open_jobs(service="studio:80")] == [waiting]
    assert [one.id for one in ledger.jobs.open_jobs(ambiguous=True)] == [doubtful]


def test_the_newest_jobs_come_first_in_all_states_or_some(timed: Ledger, clock: Clock) -> None:
    for number in (2, 1, 3):
        submit(timed, f"task-{number}", another(number))
        clock.turn(1)
    doubtful = lose_answer(timed, another(4))
    assert [one.task_id for one in timed.jobs.newest(limit=3)] == [None, "task-3", "task-1"]
    assert [one.id for one in timed.jobs.newest(states=[JobState.AMBIGUOUS])] == [doubtful]
