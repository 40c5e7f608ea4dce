"""A paid generation in the books, from its reservation to its end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest

from greenlight.errors import LedgerError, OverBudget
from greenlight.ledger import Budget, ClaimLost, JobState, Ledger, Terms
from greenlight.ledger.job import claim_name
from greenlight.ledger.jobs import MAX_ATTEMPTS
from tests.ledger.conftest import Clock
from tests.ledger.processes import in_processes
from tests.ledger.values import (
    HASH,
    LEASE,
    NEW,
    another,
    begin,
    claim_job,
    job,
    let_go,
    lose_answer,
    send,
    submit,
    terms,
)
from tests.postgresql import PostgresServer


def test_of_many_callers_at_once_one_may_send(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: try_to_send(ledger), range(24)))
    assert sum(sent) == 1


def test_of_many_processes_at_once_one_may_send(ledger_url: str) -> None:
    sent = in_processes(4, open_and_send, ledger_url)
    assert sorted(sent) == [False, False, False, True]


def open_and_send(url: str) -> bool:
    with Ledger(url) as ledger:
        return try_to_send(ledger)


def try_to_send(ledger: Ledger) -> bool:
    held = ledger.leases.acquire(claim_name(NEW.key), LEASE)
    if held is None:
        return False
    begin(ledger, NEW, claim=held)
    return True


def test_a_job_is_booked_as_sent_by_one_transaction(timed: Ledger, clock: Clock) -> None:
    send(timed)
    found = job(timed)
    assert (found.state, found.sent_at, found.attempts) == (JobState.RESERVED, clock.at, 1)
    assert found.brief == NEW.brief


def test_nothing_is_booked_before_the_pace_has_a_start(timed: Ledger, clock: Clock) -> None:
    slow = Terms(pace="slow", starts_per_second=0.1)
    timed.payments.begin(another(1), claim_job(timed, another(1)), slow)
    start, number = timed.payments.begin(NEW, held := claim_job(timed), slow)
    assert (start.granted_at, number) == (None, None)
    assert timed.jobs.find(NEW.key) is None
    clock.turn(start.wait_seconds)
    _, number = timed.payments.begin(NEW, held, slow)
    assert job(timed).id == number


def test_a_request_that_fits_no_budget_takes_no_start(ledger: Ledger) -> None:
    slow = replace(terms(Budget(max_cny=Decimal(0))), starts_per_second=0.1)
    dear = replace(NEW, price_cny=Decimal(1))
    with pytest.raises(OverBudget):
        ledger.payments.begin(dear, claim_job(ledger), slow)
    assert ledger.pace.remaining_seconds(slow.pace) == 0


def test_a_holder_that_was_stopped_while_another_took_over_sends_nothing(
    timed: Ledger, clock: Clock
) -> None:
    late = claim_job(timed)
    clock.turn(LEASE)
    second = claim_job(timed)
    with pytest.raises(ClaimLost):
        begin(timed, NEW, claim=late)
    begin(timed, NEW, claim=second)


def test_a_holder_that_was_stopped_and_whom_nobody_replaced_sends(
    timed: Ledger, clock: Clock
) -> None:
    late = claim_job(timed)
    clock.turn(10 * LEASE)
    begin(timed, NEW, claim=late)
    assert timed.leases.acquire(claim_name(NEW.key), LEASE) is None


def test_a_job_whose_answer_is_awaited_is_not_sent_again_by_the_same_claim(
    ledger: Ledger,
) -> None:
    held = claim_job(ledger)
    begin(ledger, NEW, claim=held)
    with pytest.raises(ClaimLost, match="is reserved by now"):
        begin(ledger, NEW, claim=held)


def test_a_request_that_was_not_accepted_keeps_the_reason_and_may_be_sent_again(
    ledger: Ledger,
) -> None:
    job_id, token = send(ledger)
    ledger.jobs.not_accepted(job_id, token, code="InvalidParameter", message="503 timeout")
    found = job(ledger)
    assert (found.state, found.code, found.sent_at) == (JobState.FAILED, "InvalidParameter", None)
    assert found.may_be_ordered_again
    let_go(ledger, token)
    assert send(ledger)[0] == job_id
    assert (job(ledger).code, job(ledger).attempts) == ("", 1)


def test_a_job_that_is_sent_again_stands_like_one_that_is_sent_for_the_first_time(
    timed: Ledger, clock: Clock
) -> None:
    """Neither its doubt, its end nor its cost of before counts for the new request."""
    dear = replace(NEW, price_cny=Decimal("0.4"))
    job_id = lose_answer(timed, dear)
    timed.jobs.watch(job_id)
    timed.jobs.adopt(job_id, "task-1", submitted_at=clock.at)
    timed.jobs.close(job_id, JobState.FAILED, code="InternalError", template_id="AACT.1")
    assert job(timed).doubted_at == job(timed).finished_at == job(timed).submitted_at == clock.at
    again, token = send(timed, dear)
    first = replace(another(1), price_cny=dear.price_cny)
    send(timed, first)
    as_first = replace(job(timed, first), id=again, key=NEW.key, attempts=2)
    assert job(timed) == as_first
    timed.jobs.not_accepted(again, token)


@pytest.mark.parametrize("late", ["mark_ambiguous", "not_accepted"])
def test_what_is_said_late_of_a_request_changes_nothing_once_its_task_is_known(
    ledger: Ledger, late: str
) -> None:
    job_id, token = send(ledger)
    ledger.jobs.store_task(job_id, token, task_id="task-1", request_id="r-1")
    before = job(ledger)
    getattr(ledger.jobs, late)(job_id, token, message="late")
    assert job(ledger) == before


def test_a_late_answer_does_not_take_the_place_of_the_task_that_was_adopted(
    ledger: Ledger,
) -> None:
    """The one that a person chose may be another one's: then both are fetched, and a person looks again."""
    job_id, token = send(ledger)
    ledger.jobs.mark_ambiguous(job_id, token, "lost")
    ledger.jobs.adopt(job_id, "task-1")
    with pytest.raises(LedgerError, match="task-2 was accepted too late") as caught:
        ledger.jobs.store_task(job_id, token, task_id="task-2", request_id="r")
    assert caught.value.spent
    assert [one.task_id for one in ledger.jobs.open_jobs()] == ["task-1", "task-2"]


def test_a_refusal_that_comes_after_the_lease_ends_the_doubt(timed: Ledger, clock: Clock) -> None:
    job_id, token = send(timed)
    clock.turn(LEASE)
    assert timed.jobs.mark_left_in_doubt() == 1
    timed.jobs.not_accepted(job_id, token, code="InvalidParameter", message="no")
    assert job(timed).may_be_ordered_again


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
    let_go(ledger, token)
    other = claim_job(ledger)
    ledger.jobs.store_task(job_id, token, task_id="task-1", request_id="r-1")
    with pytest.raises(ClaimLost, match="is submitted by now"):
        begin(ledger, NEW, claim=other)
    assert (job(ledger).task_id, job(ledger).cost_cny) == ("task-1", None)


def test_a_task_id_that_comes_too_late_becomes_a_job_of_its_own(ledger: Ledger) -> None:
    """It was paid too: it is fetched, stored, and counts in costs and budgets."""
    dear = replace(NEW, price_cny=Decimal("0.4"), brief=NEW.brief | {"out": "/videos/anna.mp4"})
    job_id, token = send(ledger, dear)
    ledger.jobs.mark_ambiguous(job_id, token, "lost")
    ledger.jobs.release(job_id)
    let_go(ledger, token)
    submit(ledger, "task-2", dear)
    for _ in range(2):
        try:
            ledger.jobs.store_task(job_id, token, task_id="task-1", request_id="r-1")
        except LedgerError as error:
            told = error
    assert told.spent
    own, stray = ledger.jobs.open_jobs()
    assert (own.task_id, stray.task_id) == ("task-2", "task-1")
    assert stray.hash[:12] in str(told)
    assert stray.key != own.key
    assert (stray.reserved_cny, stray.brief["out"]) == (Decimal("0.4"), "/videos")
    with pytest.raises(OverBudget, match=r"0\.8 reserved"):
        send(ledger, replace(another(1), price_cny=Decimal("0.3")), Budget(max_cny=Decimal(1)))


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


def test_a_task_id_that_arrives_while_somebody_begins_is_not_overwritten(
    postgres: PostgresServer,
) -> None:
    url = postgres.make_database()
    with Ledger(url) as ledger, ThreadPoolExecutor(1) as pool, psycopg.connect(url) as vendor:
        job_id, token = send(ledger)
        ledger.jobs.not_accepted(job_id, token)
        let_go(ledger, token)
        vendor.execute("UPDATE jobs SET state = 'submitted', task_id = 'task-1'")
        sending = pool.submit(send, ledger)
        postgres.wait_until_somebody_waits()
        vendor.commit()
        with pytest.raises(ClaimLost):
            sending.result(10)
        assert job(ledger).task_id == "task-1"


@pytest.mark.parametrize("ended", [JobState.FAILED, JobState.CANCELED])
def test_what_was_not_paid_may_be_made_again_twice(ledger: Ledger, ended: JobState) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        closed = ledger.jobs.close(submit(ledger, f"task-{attempt}"), ended)
        assert closed.cost_cny == 0
    found = job(ledger)
    assert (found.attempts, found.may_be_ordered_again) == (MAX_ATTEMPTS, False)
    with pytest.raises(ClaimLost):
        send(ledger)


@pytest.mark.parametrize("ended", [JobState.SUCCEEDED, JobState.EXPIRED])
def test_what_was_paid_is_never_made_again(ledger: Ledger, ended: JobState) -> None:
    ledger.jobs.close(submit(ledger), ended)
    with pytest.raises(ClaimLost):
        send(ledger)
    assert job(ledger).state is ended


def test_a_closed_job_keeps_how_it_first_ended(ledger: Ledger) -> None:
    job_id = submit(ledger)
    ledger.jobs.close(job_id, JobState.SUCCEEDED, place="a.mp4")
    assert ledger.jobs.close(job_id, JobState.FAILED).state is JobState.SUCCEEDED
    assert ledger.jobs.expire(job_id, message="too late").place == "a.mp4"


def test_the_end_of_an_earlier_task_ends_no_later_one(ledger: Ledger) -> None:
    """Who saw the first task fail was stopped, while another closed it, ordered again and was accepted."""
    job_id = submit(ledger, "task-1")
    ledger.jobs.close(job_id, JobState.FAILED, of_task="task-1")
    submit(ledger, "task-2")
    found = ledger.jobs.close(job_id, JobState.FAILED, of_task="task-1", code="InternalError")
    assert (found.state, found.task_id, found.code) == (JobState.SUBMITTED, "task-2", "")


def test_a_template_that_the_vendor_forgot_is_made_anew_and_its_cost_stays(ledger: Ledger) -> None:
    template = replace(NEW, kind="template")
    made = {"template_id": "AACT.1", "cost_cny": Decimal("0.24")}
    first = ledger.jobs.close(submit(ledger, "task-1", template), JobState.SUCCEEDED, **made)
    forgotten = ledger.jobs.forget_template(first.id)
    assert forgotten is not None
    assert (forgotten.state, forgotten.cost_cny) == (JobState.EXPIRED, Decimal("0.24"))
    assert submit(ledger, "task-2", template) != first.id
    assert ledger.jobs.owned_task_ids(["task-1", "task-2"]) == {"task-1", "task-2"}
    assert sum(cost.cost_cny for cost in ledger.costs.by_outcome()) == Decimal("0.24")


def test_only_a_template_that_was_made_is_forgotten(ledger: Ledger) -> None:
    video = ledger.jobs.close(submit(ledger), JobState.SUCCEEDED, place="a.mp4")
    assert ledger.jobs.forget_template(video.id) is None
    assert job(ledger).place == "a.mp4"


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
    with pytest.raises(LedgerError, match="list the jobs"):
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
    send(ledger, another(1))
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
