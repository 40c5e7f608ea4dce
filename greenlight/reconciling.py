"""Settle the doubt about jobs whose answer was lost, by the vendor's own list of tasks.

The list only narrows the doubt: it names no input. So a task is a candidate for a job when it is of the job's
model, began in the job's window and belongs to no job, and only an account that nobody else uses lets one
candidate be adopted without a person. A job closes on a fetch of its task alone.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from greenlight.errors import InputError
from greenlight.ledger import Job, JobState, Ledger
from greenlight.ledger.database import now
from greenlight.listing import list_tasks
from greenlight.modelstudio.catalog import TASK_LIFETIME, TASK_REQUESTS_PER_SECOND
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.tasks import ListedTask, TaskStatus, VideoTask
from greenlight.pacing import wait_for_start
from greenlight.patience import patiently

CLOCK_DIFFERENCE = timedelta(seconds=60)
"""How much the vendor's clock may go before this one's."""
LENGTH_TOLERANCE_SECONDS = 1.0
"""A video is as long as its sound, but for a frame or what the sound's coding adds."""
MAY_BE_IT = frozenset(TaskStatus) - {TaskStatus.FAILED, TaskStatus.CANCELED}
"""What failed or was canceled cost nothing: without another candidate the job is free again."""


@dataclass(slots=True)
class Doubt:
    """An ambiguous job, the tasks that may be its, and what became of it."""

    job: Job
    candidates: list[ListedTask] = field(default_factory=list)
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
        """Settle what can be settled, and return every doubt that there was."""
        await asyncio.to_thread(self.ledger.jobs.mark_left_in_doubt)
        doubts = [Doubt(job) for job in await asyncio.to_thread(self._ambiguous)]
        await self._find_candidates(doubts)
        for doubt in doubts:
            await self._settle(doubt, doubts)
        return doubts

    def _ambiguous(self) -> list[Job]:
        found: list[Job] = []
        while page := self.ledger.jobs.open_jobs(
            service=self.studio.service, ambiguous=True, after=found[-1] if found else None
        ):
            found += page
        return found

    async def _find_candidates(self, doubts: Iterable[Doubt]) -> None:
        """List a model's tasks once for all its doubts."""
        by_model: dict[str, list[Doubt]] = defaultdict(list)
        for doubt in doubts:
            if self._is_listed(doubt.job):
                by_model[doubt.job.model].append(doubt)
        for model, same in by_model.items():
            begin = min(self._window(doubt.job)[0] for doubt in same)
            tasks = await self._unowned_tasks(model, begin)
            for doubt in same:
                first, last = self._window(doubt.job)
                doubt.candidates = [
                    task for task in tasks if first <= (task.submit_time or first) <= last
                ]

    def _is_listed(self, job: Job) -> bool:
        """Whether the vendor's list still reaches back to the job's window."""
        return now() - self._window(job)[0] < TASK_LIFETIME

    def _window(self, job: Job) -> tuple[datetime, datetime]:
        """Return from when to when the job's task can have begun, and be listed."""
        sent_at = job.sent_at or job.reserved_at
        settled = timedelta(seconds=self.lease_seconds + self.settle_seconds)
        return sent_at - CLOCK_DIFFERENCE, sent_at + settled

    async def _unowned_tasks(self, model: str, begin: datetime) -> list[ListedTask]:
        """Return the tasks of a model that may be a lost one, and that no job of the books owns."""
        end = min(now() + CLOCK_DIFFERENCE, begin + TASK_LIFETIME)
        listed = await list_tasks(self.studio, self.ledger, model_name=model, start=begin, end=end)
        tasks = [task for task in listed if task.status in MAY_BE_IT]
        ids = [task.task_id for task in tasks]
        owned = await asyncio.to_thread(self.ledger.jobs.owned_task_ids, ids)
        return [task for task in tasks if task.task_id not in owned]

    async def _settle(self, doubt: Doubt, doubts: Iterable[Doubt]) -> None:
        job = doubt.job
        if not self._is_listed(job):
            doubt.advice = (
                "the vendor's list no longer reaches back to it; look at the bill, "
                "then adopt or release it"
            )
        elif not doubt.candidates:
            await self._release_when_settled(doubt)
        elif len(doubt.candidates) == 1 and not _shared(doubt, doubts):
            await self._adopt_when_exclusive(doubt)
        else:
            doubt.advice = "several tasks or jobs fit together; adopt one, or release the job"

    async def _release_when_settled(self, doubt: Doubt) -> None:
        last = self._window(doubt.job)[1]
        remaining_seconds = (last - now()).total_seconds()
        if remaining_seconds > 0:
            doubt.advice = (
                f"no task fits yet; it is free again in {remaining_seconds:.0f} s if none comes"
            )
            return
        message = "the vendor's list has no task for it: the request was never accepted"
        if await asyncio.to_thread(self.ledger.jobs.release, doubt.job.id, message=message):
            doubt.outcome = "released"
        doubt.advice = f"{message}; the same brief may be sent again"

    async def _adopt_when_exclusive(self, doubt: Doubt) -> None:
        task_id = doubt.candidates[0].task_id
        if not self.exclusive:
            doubt.advice = (
                f"one task fits; if nobody else uses the account, adopt it: "
                f"greenlight reconcile --adopt {doubt.job.hash[:12]} {task_id}"
            )
            return
        task = await self._fetch(task_id)
        if not task.is_finished:
            doubt.advice = "one task fits and is not finished; its length decides"
            return
        try:
            await self.adopt(doubt.job, task)
        except InputError as error:
            doubt.advice = str(error)
        else:
            doubt.outcome, doubt.advice = "adopted", f"task {task_id} is this job's"

    async def adopt_by_id(self, job: Job, task_id: str) -> Job:
        """Give an ambiguous job a task that a person chose; `InputError` says why it cannot be its."""
        return await self.adopt(job, await self._fetch(task_id))

    async def adopt(self, job: Job, task: VideoTask) -> Job:
        """Give an ambiguous job a task, if it can be its: known, of its length, and nobody's yet."""
        if job.state is not JobState.AMBIGUOUS:
            raise InputError(f"job {job.hash[:12]} is {job.state}, not in doubt")
        if task.is_unknown:
            raise InputError(f"the vendor does not know task {task.task_id}")
        expected_seconds = job.brief.get("drive_seconds")
        if task.seconds is not None and expected_seconds is not None:
            difference = abs(task.seconds - float(expected_seconds))
            if difference > LENGTH_TOLERANCE_SECONDS:
                raise InputError(
                    f"task {task.task_id} is {task.seconds:g} s long and the job's sound or motion "
                    f"{float(expected_seconds):g} s, so it is another one's"
                )
        adopted = await asyncio.to_thread(
            self.ledger.jobs.adopt, job.id, task.task_id, submitted_at=task.submit_time
        )
        if not adopted:
            raise InputError(
                f"task {task.task_id} belongs to another job, or this one is no longer in doubt"
            )
        return await asyncio.to_thread(self.ledger.jobs.find, job.key) or job

    async def _fetch(self, task_id: str) -> VideoTask:
        await wait_for_start(self.ledger, self.studio, "tasks", TASK_REQUESTS_PER_SECOND)
        return await patiently(lambda: self.studio.fetch(task_id))


def _shared(doubt: Doubt, doubts: Iterable[Doubt]) -> bool:
    """Whether another job in doubt has the same candidate."""
    task_id = doubt.candidates[0].task_id
    return any(
        other is not doubt and task_id in {task.task_id for task in other.candidates}
        for other in doubts
    )
