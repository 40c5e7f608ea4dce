"""Stand for the vendor, with a clock that a test turns and a fate for every paying request."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.errors import AnswerLost
from greenlight.modelstudio.family import VideoRequest
from greenlight.modelstudio.tasks import ListedTask, TaskPage, VideoTask
from greenlight.modelstudio.transport import Ready, awake_seconds
from tests.ledger.conftest import Clock

RUN_SECONDS = 20.0
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Fate:
    """What becomes of a request: how long it takes to arrive and to be listed, and how it ends."""

    kind: str
    delay_seconds: float = 0.0
    lag_seconds: float = 0.0
    fails: bool = False


ANSWERED = Fate("answered")


@dataclass
class Task:
    """A task at the vendor; `brief` is whose it is, nobody's of these books when it is `None`."""

    brief: int | None
    seconds: float
    fate: Fate
    begun_at: datetime
    task_id: str = field(default_factory=lambda: f"task-{next(_numbers)}")

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
    account: str = "ours"
    tasks: list[Task] = field(default_factory=list)
    fate: Fate = ANSWERED

    def begin(self, brief: int | None, seconds: float) -> Task:
        begun_at = self.clock.at + timedelta(seconds=self.fate.delay_seconds)
        self.tasks.append(Task(brief, seconds, self.fate, begun_at))
        return self.tasks[-1]

    @property
    def now(self) -> datetime:
        """Its own time."""
        return self.clock.at + self.skew

    @staticmethod
    def video_request(request: VideoRequest) -> VideoRequest:
        return request

    async def pay(self, request: VideoRequest, *, ends_at: float, ready: Ready) -> Answer:
        await ready()
        assert ends_at > awake_seconds()
        if self.fate.kind == "refused":
            return _answer(400, {"code": "InvalidParameter", "message": "no"})
        if self.fate.kind == "lost before":
            raise AnswerLost("lost")
        task = self.begin(request.input["brief"], request.input["seconds"])
        self.clock.turn(self.fate.delay_seconds)
        if self.fate.kind == "lost after":
            raise AnswerLost("lost")
        return _answer(200, {"output": {"task_id": task.task_id, "task_status": "PENDING"}})

    async def list_tasks(self, *, task_id: str | None = None, **_: Any) -> TaskPage:
        listed = tuple(
            ListedTask(
                task_id=task.task_id,
                status=task.status(self.clock.at),
                submit_time=task.begun_at + self.skew,
            )
            for task in self.tasks
            if task.is_listed(self.clock.at) and task_id in {None, task.task_id}
        )
        return TaskPage(
            tasks=listed, total=len(listed), page_no=1, page_size=100, answered_at=self.now
        )

    async def fetch(self, task_id: str) -> VideoTask:
        (task,) = (task for task in self.tasks if task.task_id == task_id)
        status = task.status(self.clock.at)
        seconds = task.seconds if status == "SUCCEEDED" else None
        return VideoTask(
            task_id=task_id,
            status=status,
            seconds=seconds,
            submit_time=task.begun_at + self.skew,
            answered_at=self.now,
        )


def _answer(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())
