"""A paid generation in the books, from its reservation to its end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from greenlight.ledger import JobState, Ledger
from greenlight.ledger.jobs import MAX_ATTEMPTS, NewJob

LEASE = 60.0
NEW = NewJob(
    key="studio:80,abc",
    kind="video",
    service="studio:80",
    model="emo-v1",
    family="emo",
    brief={"portrait": "anna.png", "take": 1},
)


def reserve(ledger: Ledger, lease_seconds: float = LEASE) -> tuple[int, str]:
    job, token = ledger.jobs.reserve(NEW, lease_seconds=lease_seconds)
    assert token is not None
    return job.id, token


def submit(ledger: Ledger, task_id: str = "task-1") -> int:
    job_id, token = reserve(ledger)
    assert ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)
    ledger.jobs.store_task(job_id, token, task_id=task_id, request_id="r-1")
    return job_id


def state(ledger: Ledger) -> JobState:
    job = ledger.jobs.find(NEW.key)
    assert job is not None
    return job.state


def test_of_many_callers_at_once_one_may_send(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: ledger.jobs.reserve(NEW, lease_seconds=LEASE), range(24))
        )
    assert len([token for _, token in answers if token is not None]) == 1
    assert {job.id for job, _ in answers} == {answers[0][0].id}


def test_a_submitted_job_is_returned_with_its_task(ledger: Ledger) -> None:
    submit(ledger)
    job, token = ledger.jobs.reserve(NEW, lease_seconds=LEASE)
    assert token is None
    assert (job.state, job.task_id, job.brief) == (JobState.SUBMITTED, "task-1", NEW.brief)


def test_a_dead_reservation_that_sent_nothing_is_free_again(ledger: Ledger) -> None:
    job_id, token = reserve(ledger, lease_seconds=0)
    again_id, again = reserve(ledger)
    assert again_id == job_id
    assert again != token


def test_a_dead_reservation_that_sent_is_ambiguous_and_stays_so(ledger: Ledger) -> None:
    job_id, token = reserve(ledger)
    assert ledger.jobs.mark_sent(job_id, token, lease_seconds=0)
    for _ in range(2):
        job, again = ledger.jobs.reserve(NEW, lease_seconds=LEASE)
        assert again is None
        assert job.state is JobState.AMBIGUOUS


def test_a_holder_that_was_paused_beyond_its_lease_does_not_send(ledger: Ledger) -> None:
    job_id, token = reserve(ledger, lease_seconds=0)
    assert not ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)
    _, other = reserve(ledger)
    assert not ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)
    assert ledger.jobs.mark_sent(job_id, other, lease_seconds=LEASE)


def test_a_request_is_marked_as_sent_only_once(ledger: Ledger) -> None:
    job_id, token = reserve(ledger)
    assert ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)
    assert not ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)
    ledger.jobs.mark_unsent(job_id, token)
    assert ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)


def test_a_freed_reservation_keeps_the_reason_and_can_be_taken(ledger: Ledger) -> None:
    job_id, token = reserve(ledger)
    assert ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)
    ledger.jobs.free(job_id, token, code="InvalidParameter", message="503 timeout")
    job = ledger.jobs.find(NEW.key)
    assert job is not None
    assert (job.state, job.code, job.sent_at) == (JobState.RESERVED, "InvalidParameter", None)
    reserve(ledger)


def test_a_task_id_is_kept_even_if_the_lease_ended_while_it_was_sent(ledger: Ledger) -> None:
    job_id, token = reserve(ledger)
    assert ledger.jobs.mark_sent(job_id, token, lease_seconds=0)
    ledger.jobs.store_task(job_id, token, task_id="task-1", request_id="r-1")
    assert state(ledger) is JobState.SUBMITTED


@pytest.mark.parametrize("ended", [JobState.FAILED, JobState.CANCELED])
def test_what_was_not_paid_may_be_made_again_twice(ledger: Ledger, ended: JobState) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        ledger.jobs.close(submit(ledger, f"task-{attempt}"), ended)
    job, token = ledger.jobs.reserve(NEW, lease_seconds=LEASE)
    assert token is None
    assert job.attempts == MAX_ATTEMPTS


@pytest.mark.parametrize("ended", [JobState.SUCCEEDED, JobState.EXPIRED])
def test_what_was_paid_is_never_made_again(ledger: Ledger, ended: JobState) -> None:
    ledger.jobs.close(submit(ledger), ended)
    job, token = ledger.jobs.reserve(NEW, lease_seconds=LEASE)
    assert token is None
    assert job.state is ended


def test_a_closed_job_keeps_how_it_first_ended(ledger: Ledger) -> None:
    job_id = submit(ledger)
    ledger.jobs.close(job_id, JobState.SUCCEEDED, place="a.mp4")
    ledger.jobs.close(job_id, JobState.FAILED)
    job = ledger.jobs.find(NEW.key)
    assert job is not None
    assert (job.state, job.place) == (JobState.SUCCEEDED, "a.mp4")
