"""Whatever is lost, in whatever order: no brief is paid twice, and no task goes to the wrong job."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenlight.errors import InputError
from greenlight.filming.filmer import Filmer
from greenlight.filming.reconciling import Reconciler
from greenlight.ledger import Job, JobState, Ledger, NewJob
from greenlight.ledger.job import claim_name
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import InvalidRequest
from greenlight.modelstudio.family import VideoRequest
from greenlight.paying.payer import ANSWER_OF_A_LEASE
from tests.filming.reconciling.vendor import ANSWERED, RUN_SECONDS, Fate, Task, Vendor
from tests.ledger.conftest import Clock
from tests.ledger.values import begin, claim_job

LEASE = 60.0
SETTLE = 600.0
ROUNDS_UNTIL_QUIET = 4
ACCEPTED = ("answered", "lost after", "on its way and accepted")
ON_ITS_WAY = {JobState.SUBMITTED, JobState.AMBIGUOUS}
numbers = itertools.count(1)


LATEST_SECONDS = (LEASE * ANSWER_OF_A_LEASE - 1, SETTLE)
# One choice, so that every fate is tried about as often as any other.
FATES = st.sampled_from(
    [
        ANSWERED,
        Fate("refused"),
        Fate("lost before"),
        Fate("on its way"),
        Fate("lost after"),
        Fate("lost after", *LATEST_SECONDS),
        Fate("lost after", fails=True),
        Fate("on its way and accepted"),
        Fate("on its way and accepted", *LATEST_SECONDS),
    ]
)


@dataclass(frozen=True)
class Step:
    """Time that passes, and what happens then before the reconciler looks."""

    seconds: float
    answers_arrive: bool
    fate: Fate
    """Of the briefs that are sent again."""


@dataclass(frozen=True)
class Plan:
    """Briefs by the lengths of their sounds, how their requests fare, and who else uses the account."""

    exclusive: bool
    skew_seconds: float
    briefs: list[tuple[float, Fate]]
    foreign_seconds: float | None
    steps: list[Step]


LENGTHS = st.sampled_from([1.0, 1.0, 1.0, 4.0])
BRIEFS = st.tuples(LENGTHS, FATES)
PLANS = st.builds(
    Plan,
    exclusive=st.booleans(),
    skew_seconds=st.sampled_from([0.0, -20.0, 20.0, 0.0, -45.0, 5 * 3600.0, -5 * 3600.0]),
    briefs=st.one_of([st.lists(BRIEFS, min_size=count, max_size=count) for count in (1, 2, 3)]),
    foreign_seconds=st.none() | LENGTHS,
    steps=st.lists(
        st.builds(
            Step,
            seconds=st.sampled_from([1.0, RUN_SECONDS, LEASE, SETTLE - 30]),
            answers_arrive=st.booleans(),
            fate=FATES,
        ),
        max_size=2,
    ),
)


class World:
    """The books, the vendor, and processes that send, collect and repair."""

    def __init__(self, ledger: Ledger, clock: Clock, plan: Plan) -> None:
        number = next(numbers)
        self.ledger, self.jobs, self.clock, self.plan = ledger, ledger.jobs, clock, plan
        self.vendor = Vendor(f"v-{number}:443", clock, timedelta(seconds=plan.skew_seconds))
        self.under_way: list[tuple[int, str, Task]] = []
        studio = cast(ModelStudio, self.vendor)
        self.filmer = Filmer(client=studio, ledger=ledger, poll_seconds=1, lease_seconds=LEASE)
        self.reconciler = Reconciler(
            client=studio,
            ledger=ledger,
            settle_seconds=LEASE + SETTLE,
            exclusive=plan.exclusive,
        )
        self.briefs = [
            NewJob(
                key=f"{self.vendor.service},{next(numbers):064x}",
                kind="video",
                service=self.vendor.service,
                model=f"model-{number}",
                family="emo",
                brief={"drive_seconds": seconds},
                account=self.vendor.account,
                settle_seconds=LEASE + SETTLE,
            )
            for seconds, _ in plan.briefs
        ]

    def job(self, brief: int) -> Job:
        found = self.jobs.find(self.briefs[brief].key)
        assert found is not None
        return found

    def is_on_its_way(self, new: NewJob) -> bool:
        """Whether there is nothing to send, or somebody holds the job who may be alive."""
        job = self.jobs.find(new.key)
        held = self.ledger.leases.acquire(claim_name(new.key), LEASE)
        if held is not None:
            self.ledger.leases.release(held)
        return held is None or (job is not None and job.state in ON_ITS_WAY)

    async def send(self, brief: int, fate: Fate) -> None:
        self.vendor.fate = fate
        new = self.briefs[brief]
        if self.is_on_its_way(new):
            return
        seconds = new.brief["drive_seconds"]
        if fate.kind.startswith("on its way"):
            self.begin_to_send(new, brief)
            return

        async def prepare() -> VideoRequest:
            inputs = {"brief": brief, "seconds": seconds}
            return VideoRequest(model=new.model, path="/", input=inputs, parameters={})

        try:
            await self.filmer.submit(new, prepare, starts_per_second=1e6)
        except InvalidRequest:
            assert fate.kind == "refused"

    def begin_to_send(self, new: NewJob, brief: int) -> None:
        """Let a process send a request, and be dead or wait for its answer for a while."""
        held = claim_job(self.ledger, new)
        self.jobs.mark_left_in_doubt(new.key)
        job = self.jobs.find(new.key)
        if job is not None and not job.may_be_ordered_again:
            return
        job_id = begin(self.ledger, new, claim=held)
        if self.vendor.fate.kind in ACCEPTED:
            task = self.vendor.begin(brief, new.brief["drive_seconds"])
            self.under_way.append((job_id, held.token, task))

    def let_answers_arrive(self) -> None:
        """Store what is on its way, however late; no other request can have been sent meanwhile."""
        for job_id, token, task in self.under_way:
            self.jobs.store_task(job_id, token, task_id=task.task_id, request_id="r")
        self.under_way.clear()

    async def look(self) -> None:
        """Let reconciler and collector do a round, and a person try to adopt what does not fit."""
        await self.reconciler.reconcile()
        for brief in range(len(self.briefs)):
            job = self.job(brief)
            if job.state is JobState.SUBMITTED:
                await self.filmer.follow(job, wait_seconds=0)
            elif job.state is JobState.AMBIGUOUS:
                await self.adopt_what_does_not_fit(job)
        self.compare()

    async def adopt_what_does_not_fit(self, job: Job) -> None:
        for task in self.vendor.tasks:
            if task.seconds != job.brief["drive_seconds"] and not task.fate.fails:
                with pytest.raises(InputError):
                    await self.reconciler.adopt_by_id(job, task.task_id)

    def compare(self) -> None:
        owner = {task.task_id: task.brief for task in self.vendor.tasks}
        for brief in range(len(self.briefs)):
            job = self.job(brief)
            assert len(self.paid(brief)) <= 1, "paid twice"
            assert job.task_id is None or owner[job.task_id] == brief, "another one's task"

    def is_quiet(self) -> bool:
        """Whether every brief has a task that no process waits for, and that will not fail."""
        jobs = [self.job(brief) for brief in range(len(self.briefs))]
        failing = {task.task_id for task in self.vendor.tasks if task.fate.fails}
        return not self.under_way and all(
            job.state is JobState.SUBMITTED and job.task_id not in failing for job in jobs
        )

    def paid(self, brief: int) -> list[str]:
        """Return the tasks of a brief that have not failed (yet)."""
        return [
            task.task_id
            for task in self.vendor.tasks
            if task.brief == brief and task.status(self.clock.at) != "FAILED"
        ]


async def live_through(plan: Plan, world: World) -> None:
    for brief, (_, fate) in enumerate(plan.briefs):
        await world.send(brief, fate)
    if plan.foreign_seconds is not None and not plan.exclusive:
        world.vendor.fate = ANSWERED
        world.vendor.begin(None, plan.foreign_seconds)
    await world.look()
    until_quiet = [Step(LEASE + SETTLE, answers_arrive=False, fate=ANSWERED)] * ROUNDS_UNTIL_QUIET
    for step in (*plan.steps, *until_quiet):
        world.clock.turn(step.seconds)
        if step.answers_arrive:
            world.let_answers_arrive()
        await world.look()
        for brief in range(len(plan.briefs)):
            await world.send(brief, step.fate)
        world.compare()
        if world.is_quiet():
            return


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock) as books:
        yield books


@pytest.fixture
def _at_any_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(*_: Any) -> None:
        """Wait for nothing: the clock of these books stands still."""

    for module in ("listing", "filmer"):
        monkeypatch.setattr(f"greenlight.filming.{module}.wait_for_start", at_once)


@pytest.mark.usefixtures("_at_any_pace")
def test_no_brief_is_paid_twice_and_no_task_goes_to_the_wrong_job(
    timed: Ledger, clock: Clock
) -> None:
    """In the end every brief is paid once, unless it stays in doubt or its tasks failed."""
    with asyncio.Runner() as runner:

        @settings(
            max_examples=120,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(plan=PLANS)
        def live(plan: Plan) -> None:
            world = World(timed, clock, plan)
            runner.run(live_through(plan, world))
            for brief in range(len(plan.briefs)):
                job = world.job(brief)
                if job.state is JobState.AMBIGUOUS:
                    is_alone = plan.exclusive and len(plan.briefs) == 1
                    assert not (is_alone and abs(plan.skew_seconds) < 30), (
                        "nobody else can have begun its task"
                    )
                elif job.state is not JobState.FAILED:
                    assert [job.task_id] == world.paid(brief)

        live()
