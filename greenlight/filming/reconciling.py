"""Settle the doubt about jobs whose answer was lost, by the vendor's own list of tasks.

The list only narrows the doubt: it names no input. So a task is a candidate for a job when it is of the job's
model, began in the job's window and belongs to no job, and only an account that nobody else uses lets one
candidate be adopted without a person. A job closes on a fetch of its task alone.

The time is the ledger's, and taken before the list is read: a list that was read too early releases nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from greenlight.errors import InputError
from greenlight.filming.listing import fetch_task, list_tasks
from greenlight.ledger import Job, JobState, Ledger
from greenlight.modelstudio.catalog import TASK_LIFETIME
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import ModelStudioError
from greenlight.modelstudio.tasks import ListedTask, TaskStatus, VideoTask

CLOCK_DIFFERENCE = timedelta(seconds=60)
"""How much the vendor's clock may go before this one's."""
LENGTH_TOLERANCE_SECONDS = 1.0
"""A video is as long as its sound, but for a frame or what the sound's coding adds."""
NOT_PAID = frozenset({TaskStatus.FAILED, TaskStatus.CANCELED})
"""What failed or was canceled cost nothing: without another candidate the job is free again."""
WHAT_IS = "`greenlight reconcile` lists what is"


@dataclass(slots=True)
class Doubt:
    """An ambiguous job, the tasks that may be its, and what became of it."""

    job: Job
    candidates: list[ListedTask] = field(default_factory=list)
    is_contested: bool = False
    """Whether a candidate may as well be that of another job which has no answer."""
    outcome: str = ""
    """`adopted`, `released`, or empty while the doubt stays."""
    advice: str = ""
    """One sentence: what it waits for, or what a person can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """The service, the books and the rules that doubts are settled with."""

    studio: ModelStudio
    ledger: Ledger
    lease_seconds: float
    """Within this time after it was sent a request has reached the vendor or never will."""
    settle_seconds: float
    """How long after that a task may still be missing from the vendor's list."""
    exclusive: bool = False
    """Whether this ledger alone uses the account, so that one candidate can be nobody else's."""

    async def reconcile(self) -> list[Doubt]:
        """Settle what can be settled, and return every doubt that there was.

        A key that the vendor refuses is raised; any other trouble leaves the doubts as they are.
        """
        await asyncio.to_thread(self.ledger.jobs.mark_left_in_doubt)
        doubts = [Doubt(job) for job in await asyncio.to_thread(self._ambiguous)]
        by_model: dict[str, list[Doubt]] = defaultdict(list)
        for doubt in doubts:
            by_model[doubt.job.model].append(doubt)
        for model, same in by_model.items():
            await self._settle_model(model, same)
        return doubts

    def _ambiguous(self) -> list[Job]:
        found: list[Job] = []
        while page := self.ledger.jobs.open_jobs(
            service=self.studio.service, ambiguous=True, after=found[-1] if found else None
        ):
            found += page
        return found

    async def _settle_model(self, model: str, doubts: list[Doubt]) -> None:
        """Settle a model's doubts by one reading of its list."""
        at = await asyncio.to_thread(self.ledger.now)
        recent = [doubt for doubt in doubts if self._is_listed(doubt.job, at)]
        for doubt in doubts:
            doubt.advice = (
                "the vendor's list no longer reaches back to it; look at the vendor's bill, then adopt it "
                "(--adopt) if it was charged, or release it (--release)"
            )
        try:
            await self._find_candidates(model, recent, at)
            for doubt in recent:
                await self._settle(doubt, at)
        except ModelStudioError as error:
            if error.refuses_all:
                raise
            for doubt in recent:
                doubt.advice = doubt.advice if doubt.outcome else f"it stays in doubt: {error}"

    async def _find_candidates(self, model: str, doubts: list[Doubt], at: datetime) -> None:
        """Find the tasks that may be the lost ones, and who else may have begun them."""
        if not doubts:
            return
        jobs = self.ledger.jobs
        begin = min(self._window(doubt.job)[0] for doubt in doubts)
        end = min(at + CLOCK_DIFFERENCE, begin + TASK_LIFETIME)
        listed = await list_tasks(self.studio, self.ledger, model_name=model, start=begin, end=end)
        tasks = [task for task in listed if task.status not in NOT_PAID]
        # In this order: an answer that arrives in between makes its task an owned one.
        unanswered = await asyncio.to_thread(jobs.unanswered, model)
        owned = await asyncio.to_thread(jobs.owned_task_ids, [task.task_id for task in tasks])
        for doubt in doubts:
            doubt.candidates = [
                task
                for task in tasks
                if task.task_id not in owned and self._may_be(task, doubt.job)
            ]
            others = [job for job in unanswered if job.id != doubt.job.id]
            doubt.is_contested = any(
                self._may_be(task, other) for task in doubt.candidates for other in others
            )

    def _may_be(self, task: ListedTask, job: Job) -> bool:
        """Whether a task began when the job's can have begun; one without a time may be anybody's."""
        first, last = self._window(job)
        return task.submit_time is None or first <= task.submit_time <= last

    def _is_listed(self, job: Job, at: datetime) -> bool:
        """Whether the vendor's list still reaches back to the job's window."""
        return at - self._window(job)[0] < TASK_LIFETIME

    def _window(self, job: Job) -> tuple[datetime, datetime]:
        """Return from when to when the job's task can have begun, and be listed."""
        sent_at = job.sent_at or job.reserved_at
        settled = timedelta(seconds=self.lease_seconds + self.settle_seconds)
        return sent_at - CLOCK_DIFFERENCE, sent_at + settled

    async def _settle(self, doubt: Doubt, at: datetime) -> None:
        if not doubt.candidates:
            await self._release_when_settled(doubt, at)
        elif len(doubt.candidates) == 1 and not doubt.is_contested:
            await self._adopt_when_exclusive(doubt)
        else:
            doubt.advice = (
                "several tasks or jobs fit together; adopt one of the tasks (--adopt), or release the job "
                "(--release)"
            )

    async def _release_when_settled(self, doubt: Doubt, at: datetime) -> None:
        remaining_seconds = (self._window(doubt.job)[1] - at).total_seconds()
        if remaining_seconds > 0:
            doubt.advice = (
                f"no task fits yet; it is free again in {remaining_seconds:.0f} s if none comes"
            )
            return
        message = "the vendor's list has no task for it, so the request was never accepted and cost nothing"
        job = doubt.job
        if await asyncio.to_thread(
            self.ledger.jobs.release, job.id, sent_at=job.sent_at, message=message
        ):
            doubt.outcome = "released"
            doubt.advice = f"{message}; the same brief may be sent again"
        else:
            doubt.advice = "another process has settled it meanwhile"
        found = await asyncio.to_thread(self.ledger.jobs.find, job.key)
        doubt.job = found or job

    async def _adopt_when_exclusive(self, doubt: Doubt) -> None:
        task_id = doubt.candidates[0].task_id
        if not self.exclusive:
            doubt.advice = (
                f"one task fits; if nobody else uses the account, adopt it: "
                f"greenlight reconcile --adopt {doubt.job.hash[:12]} {task_id}"
            )
            return
        try:
            doubt.job = await self.adopt_by_id(doubt.job, task_id)
        except InputError as error:
            doubt.advice = str(error)
        else:
            doubt.outcome, doubt.advice = "adopted", f"task {task_id} is this job's"

    async def adopt_by_id(self, job: Job, task_id: str) -> Job:
        """Give an ambiguous job a task that a person chose; `InputError` says why it cannot be its."""
        if not task_id.strip("."):
            raise InputError(
                "the task that shall be adopted has no id; `greenlight reconcile` lists the candidates"
            )
        return await self._adopt(job, await fetch_task(self.studio, self.ledger, task_id))

    async def _adopt(self, job: Job, task: VideoTask) -> Job:
        """Give an ambiguous job a task, if it can be its: known, of its length, and nobody's yet."""
        if job.state is not JobState.AMBIGUOUS:
            raise InputError(f"job {job.hash[:12]} is {job.state}, not in doubt; {WHAT_IS}")
        if task.is_unknown:
            raise InputError(f"the vendor does not know task {task.task_id}; look at its id")
        _expect_its_length(task, job.brief.get("drive_seconds"))
        adopted = await asyncio.to_thread(
            self.ledger.jobs.adopt, job.id, task.task_id, submitted_at=task.submit_time
        )
        if not adopted:
            raise InputError(
                f"task {task.task_id} belongs to another job, or this one is no longer in doubt; "
                "`greenlight jobs` lists both"
            )
        return await asyncio.to_thread(self.ledger.jobs.find, job.key) or job


def _expect_its_length(task: VideoTask, expected_seconds: float | None) -> None:
    """Raise `InputError` unless a task's output is as long as the job's sound or motion."""
    if expected_seconds is None:
        return
    if not task.is_finished:
        raise InputError(
            f"task {task.task_id} is not finished, and its length decides; try again when it is"
        )
    if task.seconds is None:
        return
    if abs(task.seconds - expected_seconds) > LENGTH_TOLERANCE_SECONDS:
        raise InputError(
            f"task {task.task_id} is {task.seconds:g} s long and the job's sound or motion "
            f"{expected_seconds:g} s, so it is another one's"
        )
