"""Whatever happens to a job, in whatever order: one sender, no task lost, and an end that stays."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from decimal import Decimal

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
from greenlight.ledger import Budget, Job, JobState, Ledger, NewCheck
from greenlight.ledger.jobs import MAX_ATTEMPTS
from tests.ledger.conftest import Clock
from tests.ledger.values import CHECK, LEASE, another

CLOSED = frozenset({JobState.SUCCEEDED, JobState.EXPIRED})
PRICE = Decimal("0.5")
numbers = itertools.count(1)


@dataclass(eq=False)
class Holder:
    """A process that has the job's token; `task_id` is what the vendor made of its request."""

    token: str
    has_sent: bool = False
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
    """Processes that reserve, send, die and come late, a collector, and somebody who repairs."""

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
        return [holder for holder in self.holders if holder.has_sent]

    @rule()
    def somebody_reserves(self) -> None:
        before = self.job()
        _, token = self.ledger.jobs.reserve(self.new, lease_seconds=LEASE, budgets=[self.budget])
        if token is not None:
            assert not self.vendor.paid
            assert before is None or before.attempts <= MAX_ATTEMPTS
            self.holders.append(Holder(token))

    @precondition(lambda self: self.holders)
    @rule(data=st.data(), accepts=st.booleans())
    def somebody_sends(self, data: st.DataObject, accepts: bool) -> None:  # noqa: FBT001
        self.send(data.draw(st.sampled_from(self.holders)), accepts=accepts)

    def send(self, holder: Holder, *, accepts: bool) -> None:
        job = self.existing()
        if self.ledger.jobs.mark_sent(job.id, holder.token, lease_seconds=LEASE):
            assert not self.vendor.paid, "a second paying request"
            assert not self.under_way, "two senders"
            holder.has_sent = True
            if accepts:
                holder.task_id = f"task-{next(numbers)}"
                self.vendor.accepted.append(holder.task_id)

    @precondition(lambda self: self.under_way)
    @rule(
        answer=st.sampled_from(["arrives", "comes late", "is lost"]),
        refusal=st.sampled_from(["4xx", "429"]),
    )
    def the_answer(self, answer: str, refusal: str) -> None:
        (holder,) = self.under_way
        job = self.existing()
        if answer == "comes late":
            self.clock.turn(LEASE)
            self.ledger.jobs.mark_left_in_doubt()
        if answer == "is lost":
            self.ledger.jobs.mark_ambiguous(job.id, holder.token, "lost")
            self.holders.remove(holder)
        elif holder.task_id is not None:
            self.ledger.jobs.store_task(
                job.id, holder.token, task_id=holder.task_id, request_id="r"
            )
            self.holders.remove(holder)
            assert self.existing().task_id == holder.task_id
        else:
            self.refuse(job, holder, refusal)

    def refuse(self, job: Job, holder: Holder, refusal: str) -> None:
        if refusal == "4xx":
            self.ledger.jobs.free(job.id, holder.token, code="InvalidParameter", message="no")
            self.holders.remove(holder)
        else:
            self.ledger.jobs.mark_unsent(job.id, holder.token)
            holder.has_sent = False
        assert self.existing().state is JobState.RESERVED

    @precondition(lambda self: not self.under_way)
    @rule(accepts=st.booleans())
    def somebody_reserves_and_sends(self, accepts: bool) -> None:  # noqa: FBT001
        """Go the usual way at once, so that what comes after it is tried often."""
        before = len(self.holders)
        self.somebody_reserves()
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
        assert not self.ledger.jobs.mark_sent(before.id, "forged", lease_seconds=LEASE)
        self.ledger.jobs.mark_ambiguous(before.id, "forged", "forged")
        self.ledger.jobs.free(before.id, "forged", code="", message="forged")
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
                self.ledger.checks.begin(self.check(), budgets=[self.budget])
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
