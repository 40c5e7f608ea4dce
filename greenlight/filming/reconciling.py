"""Settle the doubt about jobs whose answer was lost, by the vendor's own list of tasks.

A task in the list is a proof, its absence is none: a list can be another account's, cut off, late, or read
by a clock that is wrong. So a job is released only on evidence that its task would be seen if it existed
(`Evidence.why_absence_proves_nothing`), and only once that was so for as long as a task may be missing. And
as the list names no input, a task is adopted without a person only where the account is used by nobody else,
and one task alone fits by model, time and length. A job closes on a fetch of its task alone.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from greenlight.errors import InputError, Part, Say, sentence
from greenlight.errors.advice import AdoptAtAnyTime, AdoptOrRelease, AdoptTask, ListDoubts, ListJobs
from greenlight.filming.evidence import CLOCK_DIFFERENCE, Evidence, gather
from greenlight.filming.listing import fetch_task, find_listed
from greenlight.ledger import Job, JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import ModelStudioError
from greenlight.modelstudio.tasks import ListedTask, VideoTask

LENGTH_TOLERANCE_SECONDS = 1.0
"""A video is as long as its sound, but for a frame or what the sound's coding adds."""
SHARED = "others may use the account too"


@dataclass(slots=True)
class AmbiguousJob:
    """An ambiguous job, the tasks that may be its, and what became of it."""

    job: Job
    candidates: list[ListedTask] = field(default_factory=list)
    outcome: str = ""
    """`adopted`, `released`, or empty while the doubt stays."""
    why: str = ""
    """What it waits for, or how it was settled."""
    advice: Part | None = None
    """What a person can do."""

    def text(self, say: Say = str) -> str:
        """Return how it stands in one sentence."""
        return sentence((self.why, self.advice), say)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """The service, the books and the rules that doubts are settled with."""

    client: ModelStudio
    ledger: Ledger
    settle_seconds: float
    """How long a doubt is watched before its job is released, where its sender did not say."""
    exclusive: bool = False
    """Whether this ledger alone uses the account, so that one candidate can be nobody else's."""

    async def reconcile(self) -> list[AmbiguousJob]:
        """Settle what can be settled, and return every doubt that there was.

        A key that the vendor refuses is raised; any other trouble leaves the doubts as they are.
        """
        await asyncio.to_thread(self.ledger.unbooked.book_all)
        await asyncio.to_thread(self.ledger.jobs.mark_left_in_doubt)
        doubts = [AmbiguousJob(job) for job in await asyncio.to_thread(self._ambiguous)]
        if not doubts:
            return []
        try:
            evidence = await gather(self.client, self.ledger)
            for doubt in doubts:
                await self._settle(doubt, evidence)
        except ModelStudioError as error:
            if error.refuses_all:
                raise
            for doubt in doubts:
                if not doubt.why:
                    doubt.why, doubt.advice = f"it stays in doubt: {error.happened}", error.advice
        return doubts

    def _ambiguous(self) -> list[Job]:
        found: list[Job] = []
        while page := self.ledger.jobs.open_jobs(
            service=self.client.service, ambiguous=True, after=found[-1] if found else None
        ):
            found += page
        return found

    async def _settle(self, doubt: AmbiguousJob, evidence: Evidence) -> None:
        job, window = doubt.job, self._window(doubt.job)
        doubt.candidates = evidence.candidates(job, window)
        if not doubt.candidates:
            await self._release_when_settled(doubt, evidence)
        elif len(doubt.candidates) > 1 or self._is_contested(doubt, evidence):
            doubt.why = "several tasks or jobs fit together"
            doubt.advice = AdoptOrRelease(job.short_name)
        else:
            await self._adopt_when_exclusive(doubt, evidence)

    def _window(self, job: Job) -> tuple[datetime, datetime]:
        """Return from when to when the job's task can have begun, by clocks that agree."""
        sent_at = job.sent_at or job.reserved_at
        return sent_at - CLOCK_DIFFERENCE, sent_at + self._settling(job)

    def _settling(self, job: Job) -> timedelta:
        return timedelta(seconds=job.settle_seconds or self.settle_seconds)

    def _is_contested(self, doubt: AmbiguousJob, evidence: Evidence) -> bool:
        """Whether a candidate may as well be that of another job which has no answer."""
        others = [job for job in evidence.unanswered if job.id != doubt.job.id]
        found = {task.task_id for task in doubt.candidates}
        return any(
            found & {task.task_id for task in evidence.candidates(other, self._window(other))}
            for other in others
        )

    async def _release_when_settled(self, doubt: AmbiguousJob, evidence: Evidence) -> None:
        job = doubt.job
        reason = evidence.why_absence_proves_nothing(job)
        if reason:
            doubt.why, doubt.advice = reason, AdoptOrRelease(job.short_name)
            return
        first_seen_at = await asyncio.to_thread(self.ledger.jobs.watch, job.id)
        remaining = first_seen_at + self._settling(job) - evidence.read_at
        if remaining > timedelta(0):
            seconds = remaining.total_seconds()
            doubt.why = f"no matching task yet; released in {seconds:.0f} s if none appears"
            return
        stranger = await self._find_stranger(job, evidence)
        if stranger is not None:
            doubt.why = (
                f"no task fits its time, but {stranger.task_id} is one of that model and belongs to no job "
                "in this ledger"
            )
            doubt.advice = AdoptOrRelease(job.short_name)
            return
        await self._release(doubt)

    async def _find_stranger(self, job: Job, evidence: Evidence) -> ListedTask | None:
        """Return a task that could be the job's if a clock was wrong; length tells of finished ones."""
        for task in evidence.possible(job):
            fetched = await fetch_task(self.client, self.ledger, task.task_id)
            if _may_be_its_length(fetched, job.expected_seconds):
                return task
        return None

    async def _release(self, doubt: AmbiguousJob) -> None:
        message = "the vendor's list has no task for it, so the request was never accepted and cost nothing"
        job = doubt.job
        if await asyncio.to_thread(
            self.ledger.jobs.release, job.id, sent_at=job.sent_at, message=message
        ):
            doubt.outcome, doubt.why = "released", message
            doubt.advice = "the same brief may be sent again"
        else:
            doubt.why = "another process has settled it meanwhile"
        found = await asyncio.to_thread(self.ledger.jobs.find, job.key)
        doubt.job = found or job

    async def _adopt_when_exclusive(self, doubt: AmbiguousJob, evidence: Evidence) -> None:
        task_id = doubt.candidates[0].task_id
        reason = evidence.why_it_may_be_anothers(doubt.job) if self.exclusive else SHARED
        if reason:
            doubt.why = f"one task fits, but {reason}"
            doubt.advice = AdoptTask(doubt.job.short_name, task_id)
            return
        try:
            fetched = await fetch_task(self.client, self.ledger, task_id)
            doubt.job = await self._adopt(doubt.job, fetched)
        except InputError as error:
            doubt.why, doubt.advice = error.happened, error.advice
        else:
            doubt.outcome, doubt.why = "adopted", f"task {task_id} is this job's"

    async def adopt_by_id(self, job: Job, task_id: str, *, any_time: bool = False) -> Job:
        """Give an ambiguous job a task that a person chose; `InputError` says why it cannot be its.

        `any_time` takes one that began at a time that does not fit, as it does when a clock was wrong.
        """
        if not task_id.strip("."):
            raise InputError("the task to adopt has no id", ListDoubts())
        task = await fetch_task(self.client, self.ledger, task_id)
        _expect_known(job, task)
        listed = await find_listed(self.client, self.ledger, task_id)
        if listed is None:
            raise InputError(
                f"the vendor's list does not show task {task_id}, so its model is unknown",
                "try again soon",
            )
        self._expect_to_fit(job, listed, any_time=any_time)
        return await self._adopt(job, task)

    def _expect_to_fit(self, job: Job, task: ListedTask, *, any_time: bool) -> None:
        """Raise `InputError` unless a task is of a job's model and began when it can have."""
        if not Evidence.is_of_model(task, job):
            raise InputError(
                f"task {task.task_id} is of {task.model_name}, and the job of {job.model}, so it belongs to "
                "another one"
            )
        first, last = self._window(job)
        if any_time or task.submit_time is None or first <= task.submit_time <= last:
            return
        raise InputError(
            f"task {task.task_id} began at {task.submit_time:%Y-%m-%d %H:%M:%S} UTC, and the job's request "
            f"was sent at {job.sent_at:%Y-%m-%d %H:%M:%S} UTC, so it belongs to another one",
            AdoptAtAnyTime(),
        )

    async def _adopt(self, job: Job, task: VideoTask) -> Job:
        """Give an ambiguous job a task, if it can be its: known, of its length, and nobody's yet."""
        _expect_known(job, task)
        _expect_its_length(task, job.expected_seconds)
        adopted = await asyncio.to_thread(
            self.ledger.jobs.adopt,
            job.id,
            task.task_id,
            submitted_at=task.submit_time,
            account=self.client.account,
        )
        if not adopted:
            raise InputError(
                f"task {task.task_id} belongs to another job, or this one is no longer in doubt",
                ListJobs(),
            )
        return await asyncio.to_thread(self.ledger.jobs.find, job.key) or job


def not_in_doubt(job: Job) -> InputError:
    """Return the error of a job that there is nothing to settle about."""
    return InputError(f"job {job.short_name} is {job.state}, not in doubt", ListDoubts())


def _expect_known(job: Job, task: VideoTask) -> None:
    if job.state is not JobState.AMBIGUOUS:
        raise not_in_doubt(job)
    if task.is_unknown:
        raise InputError(f"the vendor does not know task {task.task_id}", "check its id")


def _may_be_its_length(task: VideoTask, expected_seconds: float | None) -> bool:
    """Whether a task's output is or can become as long as a job's sound or motion."""
    if expected_seconds is None or task.seconds is None or not task.is_finished:
        return True
    return abs(task.seconds - expected_seconds) <= LENGTH_TOLERANCE_SECONDS


def _expect_its_length(task: VideoTask, expected_seconds: float | None) -> None:
    """Raise `InputError` unless a task's output is as long as the job's sound or motion."""
    if expected_seconds is None:
        return
    if not task.is_finished:
        raise InputError(
            f"task {task.task_id} is not finished, and its length decides", "try again when it is"
        )
    if not _may_be_its_length(task, expected_seconds):
        raise InputError(
            f"task {task.task_id} is {task.seconds:g} s long and the job's sound or motion "
            f"{expected_seconds:g} s, so it belongs to another one"
        )
