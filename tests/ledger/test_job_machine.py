"""Whatever happens to a job, in whatever order: one sender, no task lost, and an end that stays."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from greenlight.errors import OverBudget
from greenlight.ledger import Budget, Claim, ClaimLost, Job, JobState, Ledger, NewCheck
from greenlight.ledger.job import claim_name
from greenlight.ledger.jobs import MAX_ATTEMPTS
from tests.ledger.conftest import Clock
from tests.ledger.values import CHECK, LEASE, another, begin, begin_check

CLOSED = frozenset({JobState.SUCCEEDED, JobState.EXPIRED})
PRICE = Decimal("0.5")
numbers = itertools.count(1)


@dataclass(eq=False)
class Holder:
    """A process that has the job's claim; `task_id` is what the vendor made of its request."""

    claim: Claim
    job_id: int | None = None
    """Of the job that it has sent, and whose answer has not arrived."""
    task_id: str | None = None


@dataclass
class Vendor:
    """What the vendor has accepted for the job, and charges for unless it failed."""

    accepted: list[str] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    @property
    def paid(self) -> list[str]:
        return [task_id for task_id in self.accepted if task_id not in self.failed]


class JobMachine(RuleBasedStateMachine):
    """Processes that claim, send, die and come late, a collector, and somebody who repairs."""

    ledger: Ledger
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        run = f"run-{next(numbers)}"
        self.new = replace(another(next(numbers)), price_cny=PRICE, flow_run=run)
        self.budget = Budget(max_cny=PRICE, scope="run", run=run)
        self.holders: list[Holder] = []
        self.vendor = Vendor()
        self.ended: Job | None = None

    def job(self) -> Job | None:
        return self.ledger.jobs.find(self.new.key)

    def existing(self) -> Job:
        job = self.job()
        assert job is not None
        return job

    def state(self) -> JobState | None:
        job = self.job()
        return job.state if job else None

    @property
    def under_way(self) -> list[Holder]:
        """The holders whose request is sent and whose answer has not arrived."""
        return [holder for holder in self.holders if holder.job_id is not None]

    @rule()
    def somebody_claims_it(self) -> None:
        claim = self.ledger.leases.acquire(claim_name(self.new.key), LEASE)
        if claim is not None:
            # Who had it before, and left it without an answer, leaves a doubt.
            self.ledger.jobs.mark_left_in_doubt(self.new.key)
            self.holders.append(Holder(claim))

    @precondition(lambda self: self.holders)
    @rule(data=st.data(), accepts=st.booleans())
    def somebody_sends(self, data: st.DataObject, accepts: bool) -> None:  # noqa: FBT001
        self.send(data.draw(st.sampled_from(self.holders)), accepts=accepts)

    def send(self, holder: Holder, *, accepts: bool) -> None:
        if holder.job_id is not None:
            return
        before = self.job()
        try:
            job_id = begin(self.ledger, self.new, self.budget, claim=holder.claim)
        except ClaimLost:
            return
        assert before is None or before.may_be_ordered_again
        assert not self.vendor.paid, "a second paying request"
        assert not self.under_way, "two senders"
        holder.job_id = job_id
        if accepts:
            holder.task_id = f"task-{next(numbers)}"
            self.vendor.accepted.append(holder.task_id)

    @precondition(lambda self: self.under_way)
    @rule(answer=st.sampled_from(["arrives", "comes late", "is lost"]))
    def the_answer(self, answer: str) -> None:
        (holder,) = self.under_way
        assert holder.job_id is not None
        if answer == "comes late":
            self.clock.turn(LEASE)
            self.ledger.jobs.mark_left_in_doubt()
        token = holder.claim.token
        if answer == "is lost":
            self.ledger.jobs.mark_ambiguous(holder.job_id, token, "lost")
        elif holder.task_id is not None:
            self.ledger.jobs.store_task(
                holder.job_id, token, task_id=holder.task_id, request_id="r"
            )
            assert self.existing().task_id == holder.task_id
        else:
            self.ledger.jobs.not_accepted(holder.job_id, token, code="InvalidParameter")
            assert self.existing().may_be_ordered_again
        self.ledger.leases.release(holder.claim)
        self.holders.remove(holder)

    @precondition(lambda self: not self.under_way)
    @rule(accepts=st.booleans())
    def somebody_claims_and_sends(self, accepts: bool) -> None:  # noqa: FBT001
        """Go the usual way at once, so that what comes after it is tried often."""
        before = len(self.holders)
        self.somebody_claims_it()
        if len(self.holders) > before:
            self.send(self.holders[-1], accepts=accepts)

    @precondition(lambda self: self.holders)
    @rule(data=st.data())
    def a_holder_dies(self, data: st.DataObject) -> None:
        self.holders.remove(data.draw(st.sampled_from(self.holders)))

    @rule(seconds=st.sampled_from([1, LEASE / 2, LEASE]))
    def time_passes(self, seconds: float) -> None:
        self.clock.turn(seconds)

    @rule()
    def the_collector_looks_for_doubt(self) -> None:
        self.ledger.jobs.mark_left_in_doubt()
        job = self.job()
        if job is not None and job.state is JobState.AMBIGUOUS:
            assert job in self.ledger.jobs.open_jobs(ambiguous=True, limit=1000)

    @precondition(lambda self: self.state() is JobState.AMBIGUOUS and not self.under_way)
    @rule()
    def the_doubt_is_settled_by_the_vendors_list(self) -> None:
        job = self.existing()
        if self.vendor.paid:
            (task_id,) = self.vendor.paid
            assert self.ledger.jobs.adopt(job.id, task_id)
            assert not self.ledger.jobs.release(job.id)
        else:
            assert self.ledger.jobs.release(job.id)

    @precondition(lambda self: self.state() is JobState.SUBMITTED)
    @rule(ended=st.sampled_from(["failed", "canceled", "failed", "succeeded", "expired"]))
    def the_collector_closes(self, ended: str) -> None:
        job = self.existing()
        state = JobState(ended)
        closed = self.ledger.jobs.close(job.id, state, message=ended)
        assert closed.state is state
        if state in CLOSED:
            self.ended = closed
        else:
            assert job.task_id is not None
            self.vendor.failed.add(job.task_id)

    @precondition(lambda self: self.job() is not None)
    @rule(task_id=st.sampled_from(["forged-1", "forged-2"]))
    def somebody_confused_changes_nothing(self, task_id: str) -> None:
        before = self.existing()
        if before.state is JobState.AMBIGUOUS:
            return
        assert not self.ledger.jobs.adopt(before.id, task_id)
        assert not self.ledger.jobs.release(before.id)
        forged = Claim(claim_name(before.key), "forged", LEASE)
        with pytest.raises(ClaimLost):
            begin(self.ledger, self.new, claim=forged)
        self.ledger.jobs.mark_ambiguous(before.id, "forged", "forged")
        self.ledger.jobs.not_accepted(before.id, "forged", message="forged")
        if before.state is not JobState.SUBMITTED:
            self.ledger.jobs.close(before.id, JobState.SUCCEEDED)
        assert self.existing() == before

    @invariant()
    def no_more_than_one_video_is_paid(self) -> None:
        assert len(self.vendor.paid) <= 1
        assert len(self.vendor.accepted) <= MAX_ATTEMPTS

    @invariant()
    def no_task_that_was_booked_is_lost(self) -> None:
        job = self.job()
        if job is not None and job.state is JobState.SUBMITTED:
            assert [job.task_id] == self.vendor.paid
        assert self.ledger.jobs.owned_task_ids(self.vendor.failed) == self.vendor.failed

    @invariant()
    def an_end_stays(self) -> None:
        assert self.ended is None or self.job() == self.ended

    @invariant()
    def what_may_have_been_paid_stays_reserved(self) -> None:
        if self.vendor.paid and self.job() is not None:
            try:
                begin_check(self.ledger, self.check(), self.budget)
            except OverBudget:
                return
            raise AssertionError("the budget had room for a second video")

    def check(self) -> NewCheck:
        return replace(CHECK, price_cny=PRICE, flow_run=self.new.flow_run)


def test_one_sender_no_task_lost_and_an_end_that_stays(timed: Ledger, clock: Clock) -> None:
    def machine() -> JobMachine:
        made = JobMachine()
        made.ledger, made.clock = timed, clock
        return made

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
