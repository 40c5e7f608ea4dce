"""Whatever is lost, in whatever order: no brief is paid twice, and no task goes to the wrong job."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenlight.errors import InputError
from greenlight.filming import DEADLINE_OF_A_LEASE, Filmer
from greenlight.ledger import Job, JobState, Ledger, NewJob
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import AmbiguousSubmission, InvalidRequest
from greenlight.modelstudio.family import VideoRequest
from greenlight.modelstudio.submissions import Submission
from greenlight.modelstudio.tasks import ListedTask, TaskPage, VideoTask
from greenlight.reconciling import Reconciler
from tests.ledger.conftest import Clock

LEASE = 60.0
SETTLE = 600.0
RUN_SECONDS = 100.0
ROUNDS_UNTIL_QUIET = 4
NOT_ACCEPTED = ("refused", "lost before", "on its way")
ACCEPTED = ("answered", "lost after", "on its way and accepted")
numbers = itertools.count(1)


@dataclass(frozen=True)
class Fate:
    """What becomes of a request: how long it takes to arrive and to be listed, and how it ends."""

    kind: str
    delay_seconds: float = 0.0
    lag_seconds: float = 0.0
    fails: bool = False


ANSWERED = Fate("answered")
FATES = st.builds(
    Fate,
    kind=st.sampled_from([*NOT_ACCEPTED, *ACCEPTED, "lost before", "lost after", "lost after"]),
    delay_seconds=st.sampled_from([0.0, LEASE * DEADLINE_OF_A_LEASE - 1]),
    lag_seconds=st.sampled_from([0.0, SETTLE]),
    fails=st.sampled_from([False, False, True]),
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
    foreign_seconds: list[float]
    steps: list[Step]


LENGTHS = st.sampled_from([1.0, 1.0, 4.0])
PLANS = st.builds(
    Plan,
    exclusive=st.booleans(),
    skew_seconds=st.sampled_from([-45.0, 0.0, 45.0]),
    briefs=st.lists(st.tuples(LENGTHS, FATES), min_size=1, max_size=3),
    foreign_seconds=st.lists(LENGTHS, max_size=1),
    steps=st.lists(
        st.builds(
            Step,
            seconds=st.sampled_from([1.0, LEASE + RUN_SECONDS, SETTLE - 30, SETTLE + LEASE]),
            answers_arrive=st.booleans(),
            fate=FATES,
        ),
        min_size=1,
        max_size=3,
    ),
)


@dataclass
class Task:
    """A task at the vendor; `brief` is whose it is, nobody's of these books when it is `None`."""

    brief: int | None
    seconds: float
    fate: Fate
    begun_at: datetime
    task_id: str = field(default_factory=lambda: f"task-{next(numbers)}")

    def status(self, at: datetime) -> str:
        if at < self.begun_at + timedelta(seconds=RUN_SECONDS):
            return "RUNNING"
        return "FAILED" if self.fate.fails else "SUCCEEDED"

    def is_listed(self, at: datetime) -> bool:
        return at >= self.begun_at + timedelta(seconds=self.fate.lag_seconds)


@dataclass
class Vendor:
    """Stands for `ModelStudio`: the next request meets the fate that the test has chosen."""

    service: str
    clock: Clock
    skew: timedelta
    """How far its clock goes ahead of the books'."""
    tasks: list[Task] = field(default_factory=list)
    fate: Fate = ANSWERED

    def begin(self, brief: int | None, seconds: float) -> Task:
        begun_at = self.clock.at + timedelta(seconds=self.fate.delay_seconds)
        self.tasks.append(Task(brief, seconds, self.fate, begun_at))
        return self.tasks[-1]

    async def submit(self, request: VideoRequest) -> Submission:
        if self.fate.kind == "refused":
            raise InvalidRequest("no")
        if self.fate.kind == "lost before":
            raise AmbiguousSubmission("lost")
        task = self.begin(request.input["brief"], request.input["seconds"])
        self.clock.turn(self.fate.delay_seconds)
        if self.fate.kind == "lost after":
            raise AmbiguousSubmission("lost")
        return Submission(task_id=task.task_id, status="PENDING")

    async def list_tasks(self, *, start: datetime, end: datetime, **_: Any) -> TaskPage:
        listed = tuple(
            ListedTask(
                task_id=task.task_id,
                status=task.status(self.clock.at),
                submit_time=task.begun_at + self.skew,
            )
            for task in self.tasks
            if task.is_listed(self.clock.at) and start <= task.begun_at + self.skew <= end
        )
        return TaskPage(tasks=listed, total=len(listed), total_pages=1, page_no=1, page_size=100)

    async def fetch(self, task_id: str) -> VideoTask:
        (task,) = (task for task in self.tasks if task.task_id == task_id)
        status = task.status(self.clock.at)
        seconds = task.seconds if status == "SUCCEEDED" else None
        return VideoTask(
            task_id=task_id, status=status, seconds=seconds, submit_time=task.begun_at + self.skew
        )


class World:
    """The books, the vendor, and processes that send, collect and repair."""

    def __init__(self, ledger: Ledger, clock: Clock, plan: Plan) -> None:
        number = next(numbers)
        self.jobs, self.clock, self.plan = ledger.jobs, clock, plan
        self.vendor = Vendor(f"v-{number}:443", clock, timedelta(seconds=plan.skew_seconds))
        self.under_way: list[tuple[int, str, Task]] = []
        studio = cast(ModelStudio, self.vendor)
        self.filmer = Filmer(studio=studio, ledger=ledger, poll_seconds=1, lease_seconds=LEASE)
        self.reconciler = Reconciler(
            studio=studio,
            ledger=ledger,
            lease_seconds=LEASE,
            settle_seconds=SETTLE,
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
            )
            for seconds, _ in plan.briefs
        ]

    def job(self, brief: int) -> Job:
        found = self.jobs.find(self.briefs[brief].key)
        assert found is not None
        return found

    async def send(self, brief: int, fate: Fate) -> None:
        self.vendor.fate = fate
        new = self.briefs[brief]
        seconds = new.brief["drive_seconds"]
        if fate.kind.startswith("on its way"):
            self.begin_to_send(new, brief)
            return

        async def prepare() -> VideoRequest:
            inputs = {"brief": brief, "seconds": seconds}
            return VideoRequest(model=new.model, path="/", input=inputs, parameters={})

        try:
            await self.filmer.submit(new, prepare, starts_per_second=5)
        except InvalidRequest:
            assert fate.kind == "refused"

    def begin_to_send(self, new: NewJob, brief: int) -> None:
        """Let a process send a request, and be dead or wait for its answer for a while."""
        job, token = self.jobs.reserve(new, lease_seconds=LEASE)
        if token is None:
            return
        assert self.jobs.mark_sent(job.id, token, lease_seconds=LEASE)
        if self.vendor.fate.kind in ACCEPTED:
            task = self.vendor.begin(brief, new.brief["drive_seconds"])
            self.under_way.append((job.id, token, task))

    def let_answers_arrive(self) -> None:
        """Store what is on its way, however late; no other request can have been sent meanwhile."""
        for job_id, token, task in self.under_way:
            self.jobs.store_task(job_id, token, task_id=task.task_id, request_id="r")
        self.under_way.clear()

    def let_others_begin(self, lengths: Iterable[float]) -> None:
        """Let somebody else begin films, which are listed at once."""
        self.vendor.fate = ANSWERED
        for seconds in lengths:
            self.vendor.begin(None, seconds)

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
    world.let_others_begin(() if plan.exclusive else plan.foreign_seconds)
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

    for module in ("listing", "filming"):
        monkeypatch.setattr(f"greenlight.{module}.wait_for_start", at_once)


@pytest.mark.usefixtures("_at_any_pace")
def test_no_brief_is_paid_twice_and_no_task_goes_to_the_wrong_job(
    timed: Ledger, clock: Clock
) -> None:
    """In the end every brief is paid once, unless it stays in doubt or its tasks failed."""
    with asyncio.Runner() as runner:

        @settings(
            max_examples=100,
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
                    assert not is_alone, "nobody else can have begun its task"
                elif job.state is not JobState.FAILED:
                    assert [job.task_id] == world.paid(brief)

        live()
