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

from greenlight.errors import GreenlightError
from greenlight.ledger import Job, JobState, Ledger
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
from greenlight.modelstudio.tasks import VideoTask
from greenlight.pacing import slow_down, wait_for_start
from greenlight.patience import wait_before_retry

PrepareRequest = Callable[[], Awaitable[VideoRequest]]
"""Makes the paying request; it may upload, but nothing that it does costs money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filmer:
    """The service and the books that jobs are sent and followed with; times in seconds."""

    studio: ModelStudio
    ledger: Ledger
    poll_seconds: float
    lease_seconds: float

    async def submit(
        self, new: NewJob, prepare: PrepareRequest, *, starts_per_second: float
    ) -> tuple[Job, bool]:
        """Return the job of a key, and whether this call is the one that sent its request.

        A job that is in the books already is returned as it stands. When the answer is lost the job is
        ambiguous, and no second request is sent. A `ModelStudioError` means that it was not accepted: it
        cost nothing, and the job is free again.
        """
        jobs = self.ledger.jobs
        job, token = await asyncio.to_thread(jobs.reserve, new, lease_seconds=self.lease_seconds)
        if token is None:
            return job, False
        try:
            request = await prepare()
            await self._send(job.id, token, request, starts_per_second)
        except AmbiguousSubmission as error:
            await asyncio.to_thread(jobs.mark_ambiguous, job.id, token, str(error))
        except (ModelStudioError, GreenlightError) as error:
            code = getattr(error, "code", "")
            await asyncio.to_thread(jobs.free, job.id, token, code=code, message=str(error))
            raise
        sent = await asyncio.to_thread(jobs.find, new.key)
        return sent or job, True

    async def _send(
        self, job_id: int, token: str, request: VideoRequest, starts_per_second: float
    ) -> None:
        """Send the request until it is accepted, refused or lost; only the not accepted goes again."""
        tries = 0
        while True:
            await wait_for_start(self.ledger, self.studio, request.model, starts_per_second)
            if not await asyncio.to_thread(
                self.ledger.jobs.mark_sent, job_id, token, lease_seconds=self.lease_seconds
            ):
                return
            try:
                answer = await self.studio.submit(request)
            except (Throttled, ServiceUnreachable) as error:
                tries += 1
                wait_seconds = wait_before_retry(error, tries)
                if wait_seconds is None:
                    raise
                await asyncio.to_thread(self.ledger.jobs.mark_unsent, job_id, token)
                if isinstance(error, Throttled):
                    await slow_down(self.ledger, self.studio, request.model, error)
                await asyncio.sleep(wait_seconds)
            else:
                await asyncio.to_thread(
                    self.ledger.jobs.store_task,
                    job_id,
                    token,
                    task_id=answer.task_id,
                    request_id=answer.request_id,
                )
                return

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
            return None

    async def _has_ended(self, job: Job, task: VideoTask) -> bool:
        if task.status == "UNKNOWN":
            return await self._has_expired(job)
        if not task.is_finished or task.is_succeeded:
            return task.is_finished
        state = JobState.CANCELED if task.status == "CANCELED" else JobState.FAILED
        await asyncio.to_thread(
            self.ledger.jobs.close, job.id, state, code=task.code, message=task.message
        )
        return True

    async def _has_expired(self, job: Job) -> bool:
        """Close a job whose task the vendor has forgotten; before 24 hours it is only asked again."""
        began_at: datetime = job.submitted_at or job.reserved_at
        if now() - began_at < TASK_LIFETIME:
            return False
        message = "the vendor forgets a task after 24 hours; a new video needs another take"
        await asyncio.to_thread(
            self.ledger.jobs.close, job.id, JobState.EXPIRED, code="", message=message
        )
        return True
