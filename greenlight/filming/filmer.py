"""Send exactly one paying request a job, and follow the job to its end.

`submit` reserves the job, prepares everything that costs nothing, writes down that it sends, and sends once.
`follow` polls until the task has ended or the wait is over; nothing is lost when it is over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from greenlight.errors import GreenlightError, LedgerError
from greenlight.ledger import Job, JobState, Ledger
from greenlight.ledger.budgets import Budget
from greenlight.ledger.database import now
from greenlight.ledger.jobs import NewJob
from greenlight.modelstudio.catalog import TASK_LIFETIME, TASK_REQUESTS_PER_SECOND
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import (
    AmbiguousSubmission,
    ModelStudioError,
    ServiceUnreachable,
    Throttled,
)
from greenlight.modelstudio.family import VideoRequest
from greenlight.modelstudio.submissions import Submission
from greenlight.modelstudio.tasks import VideoTask
from greenlight.pacing import slow_down, wait_for_start
from greenlight.patience import wait_before_retry

DEADLINE_OF_A_LEASE = 0.8
PrepareRequest = Callable[[], Awaitable[VideoRequest]]
"""Makes the paying request; it may upload, but nothing that it does costs money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filmer:
    """The service and the books that jobs are sent and followed with; times in seconds."""

    studio: ModelStudio
    ledger: Ledger
    poll_seconds: float
    lease_seconds: float
    budgets: tuple[Budget, ...] = ()

    async def submit(
        self, new: NewJob, prepare: PrepareRequest, *, starts_per_second: float
    ) -> tuple[Job, bool]:
        """Return the job of a key, and whether this call is the one that sent its request.

        A job that is in the books already is returned as it stands. When the answer is lost the job is
        ambiguous, and no second request is sent. A `ModelStudioError` means that it was not accepted: it
        cost nothing, and the job is free again. `OverBudget` means that nothing was sent at all.
        """
        jobs = self.ledger.jobs
        job, token = await asyncio.to_thread(
            jobs.reserve, new, lease_seconds=self.lease_seconds, budgets=self.budgets
        )
        if token is None:
            return job, False
        was_sent = True
        try:
            request = await prepare()
            was_sent = await self._send(job.id, token, request, starts_per_second)
        except AmbiguousSubmission as error:
            await asyncio.to_thread(jobs.mark_ambiguous, job.id, token, _in_short(error))
        except LedgerError:
            # Whether it was sent is not for sure; the reservation's lease and `sent_at` decide.
            raise
        except (ModelStudioError, GreenlightError) as error:
            code = getattr(error, "code", "")
            await asyncio.to_thread(jobs.free, job.id, token, code=code, message=str(error))
            raise
        sent = await asyncio.to_thread(jobs.find, new.key)
        return sent or job, was_sent

    async def _send(
        self, job_id: int, token: str, request: VideoRequest, starts_per_second: float
    ) -> bool:
        """Send the request until it is accepted, refused or lost; only the not accepted goes again.

        Returns false, and sends nothing, when the reservation has ended meanwhile.
        """
        tries = 0
        while True:
            await wait_for_start(self.ledger, self.studio, request.model, starts_per_second)
            # Counted from before the lease: who is stopped in between does not send after its end.
            ends_at = asyncio.get_running_loop().time() + self.lease_seconds * DEADLINE_OF_A_LEASE
            if not await asyncio.to_thread(
                self.ledger.jobs.mark_sent, job_id, token, lease_seconds=self.lease_seconds
            ):
                return False
            try:
                answer = await self._submit_once(request, ends_at)
            except (Throttled, ServiceUnreachable) as error:
                tries += 1
                wait_seconds = wait_before_retry(error, tries)
                if wait_seconds is None or wait_seconds > self._longest_wait_seconds:
                    raise
                await asyncio.to_thread(self.ledger.jobs.mark_unsent, job_id, token)
                if isinstance(error, Throttled):
                    await slow_down(self.ledger, self.studio, request.model, error)
                await asyncio.sleep(wait_seconds)
            else:
                await self._store_task(job_id, token, answer)
                return True

    @property
    def _longest_wait_seconds(self) -> float:
        """Return how long a reservation can be kept without a request, and still be sent."""
        return self.lease_seconds / 2

    async def _submit_once(self, request: VideoRequest, ends_at: float) -> Submission:
        """Send a paying request; its deadline is shorter than the lease, however short that is."""
        try:
            async with asyncio.timeout_at(ends_at):
                return await self.studio.submit(request)
        except TimeoutError:
            raise AmbiguousSubmission("no answer in time") from None

    async def _store_task(self, job_id: int, token: str, answer: Submission) -> None:
        try:
            await asyncio.to_thread(
                self.ledger.jobs.store_task,
                job_id,
                token,
                task_id=answer.task_id,
                request_id=answer.request_id,
            )
        except LedgerError as error:
            if error.spent:
                raise
            raise LedgerError(
                f"task {answer.task_id} was begun and could not be booked: {error}; `greenlight reconcile` "
                "finds it then",
                spent=True,
            ) from error

    async def follow(self, job: Job, *, wait_seconds: float) -> VideoTask | None:
        """Return a submitted job's task once it has ended, or `None` when the wait is over before.

        A task that fails or was canceled closes its job here; so does one that the vendor no longer knows
        after its 24 hours. Faults of the way are waited out like a task that is not finished.
        """
        if job.task_id is None:
            raise ValueError(f"job {job.key} has no task to follow")
        ends_at = time.monotonic() + wait_seconds
        while True:
            task = await self._fetch(job.task_id)
            if task is not None and await self._has_ended(job, task):
                return task
            remaining_seconds = ends_at - time.monotonic()
            if remaining_seconds <= 0:
                return None
            await asyncio.sleep(min(self.poll_seconds, remaining_seconds))

    async def _fetch(self, task_id: str) -> VideoTask | None:
        await wait_for_start(self.ledger, self.studio, "tasks", TASK_REQUESTS_PER_SECOND)
        try:
            return await self.studio.fetch(task_id)
        except ModelStudioError as error:
            if not error.retryable:
                raise
            if isinstance(error, Throttled):
                await slow_down(self.ledger, self.studio, "tasks", error)
            return None

    async def _has_ended(self, job: Job, task: VideoTask) -> bool:
        if task.status == "UNKNOWN":
            return await self._close_forgotten(job)
        if not task.is_finished or task.is_succeeded:
            return task.is_finished
        state = JobState.CANCELED if task.status == "CANCELED" else JobState.FAILED
        await asyncio.to_thread(
            self.ledger.jobs.close, job.id, state, code=task.code, message=task.message
        )
        return True

    async def _close_forgotten(self, job: Job) -> bool:
        """Close a job whose task the vendor has forgotten; before 24 hours it is only asked again."""
        if not self.has_expired(job):
            return False
        message = "the vendor forgets a task after 24 hours; a new video needs another take"
        await asyncio.to_thread(self.ledger.jobs.expire, job.id, message=message)
        return True

    @staticmethod
    def has_expired(job: Job) -> bool:
        """Whether the vendor keeps neither the task nor its video any more."""
        began_at: datetime = job.submitted_at or job.reserved_at
        return now() - began_at >= TASK_LIFETIME


def _in_short(error: AmbiguousSubmission) -> str:
    """Return what happened to a lost answer, for the books; what to do then, their readers say."""
    status = f"HTTP {error.status}" if error.status else ""
    request = f"request {error.request_id}" if error.request_id else ""
    return ", ".join(filter(None, (error.message.rstrip("."), error.code, status, request)))
