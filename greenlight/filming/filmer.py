"""Send exactly one paying request a job, and follow the job to its end.

`submit` claims the job, prepares everything that costs nothing, and pays: once, whatever happens meanwhile.
`follow` polls until the task has ended or the wait is over; nothing is lost when it is over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import httpx

from greenlight.errors import LedgerError
from greenlight.filming.clocks import agree
from greenlight.ledger import Claim, Job, JobState, Ledger
from greenlight.ledger.budgets import Budget
from greenlight.ledger.job import claim_name
from greenlight.ledger.jobs import NewJob
from greenlight.ledger.unbooked import Outcome
from greenlight.modelstudio.catalog import TASK_LIFETIME, TASK_REQUESTS_PER_SECOND
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import ModelStudioError, ServiceUnreachable, Throttled
from greenlight.modelstudio.family import VideoRequest
from greenlight.modelstudio.retry import wait_before_retry
from greenlight.modelstudio.submissions import Submission, leaves_doubt, read_submission
from greenlight.modelstudio.tasks import VideoTask
from greenlight.paying.holding import once
from greenlight.paying.pacing import slow_down, wait_for_start
from greenlight.paying.payer import Payer, Payment
from greenlight.settings import SETTLE_SECONDS
from greenlight.wording import cny

PrepareRequest = Callable[[], Awaitable[VideoRequest]]
"""Makes the paying request; it may upload, but nothing that it does costs money."""
LONGEST_WAIT_SECONDS = 90.0
"""What the vendor asks to wait longer for is given up, and told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filmer:
    """The service and the books that jobs are sent and followed with; times in seconds."""

    client: ModelStudio
    ledger: Ledger
    poll_seconds: float
    lease_seconds: float
    settle_seconds: float = SETTLE_SECONDS
    budgets: tuple[Budget, ...] = ()

    async def submit(
        self, new: NewJob, prepare: PrepareRequest, *, starts_per_second: float
    ) -> tuple[Job, bool]:
        """Return the job of a key, and whether this call is the one that sent its request.

        A job that is in the books already is returned as it stands; while another process sends it, it is
        waited for. When the answer is lost the job is ambiguous, and no second request is sent. A
        `ModelStudioError` means that it was not accepted: it cost nothing, and the job is free again.
        `OverBudget` means that nothing was sent at all.
        """

        async def find() -> tuple[Job, bool] | None:
            job = await asyncio.to_thread(self.ledger.jobs.find, new.key)
            return (job, False) if job is not None and job.is_settled else None

        async def act(claim: Claim) -> tuple[Job, bool]:
            # Whoever had it before, and left it without an answer, leaves a doubt.
            await asyncio.to_thread(self.ledger.jobs.mark_left_in_doubt, new.key)
            found = await find()
            return found or (await self._send(new, prepare, starts_per_second, claim), True)

        return await once(self.ledger, claim_name(new.key), find, act, seconds=self.lease_seconds)

    async def _send(
        self, new: NewJob, prepare: PrepareRequest, starts_per_second: float, claim: Claim
    ) -> Job:
        """Send the request until it is accepted, refused or lost; only the not accepted goes again."""
        sent = replace(
            new,
            account=self.client.account,
            settle_seconds=self.lease_seconds + self.settle_seconds,
        )
        paid = _payment(sent, self.client.video_request(await prepare()), starts_per_second)
        payer = Payer(
            client=self.client,
            ledger=self.ledger,
            lease_seconds=self.lease_seconds,
            budgets=self.budgets,
        )
        tries = 0
        while True:
            try:
                await payer.pay(paid, claim)
            except ModelStudioError as error:
                # A server's fault leaves a doubt whatever its code says, Throttling too.
                if not leaves_doubt(error):
                    tries += 1
                    await _wait_or_raise(error, tries)
                    continue
            try:
                job = await asyncio.to_thread(self.ledger.jobs.find, new.key)
            except LedgerError as error:
                raise LedgerError(
                    error.what, error.advice, subject=error.subject, spent=True
                ) from error
            assert job is not None  # noqa: S101 - it was booked before it was sent
            return job

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
        await wait_for_start(self.ledger, self.client, "tasks", TASK_REQUESTS_PER_SECOND)
        try:
            return await self.client.fetch(task_id)
        except ModelStudioError as error:
            if not error.retryable:
                raise
            if isinstance(error, Throttled):
                await slow_down(self.ledger, self.client, "tasks", error)
            return None

    async def _has_ended(self, job: Job, task: VideoTask) -> bool:
        if task.status == "UNKNOWN":
            return await self._close_forgotten(job, task)
        if not task.is_finished or task.is_succeeded:
            return task.is_finished
        state = JobState.CANCELED if task.status == "CANCELED" else JobState.FAILED
        await asyncio.to_thread(
            self.ledger.jobs.close,
            job.id,
            state,
            of_task=task.task_id,
            code=task.code,
            message=task.message,
        )
        return True

    async def _close_forgotten(self, job: Job, task: VideoTask) -> bool:
        """Close a job whose task the vendor has forgotten; before 24 hours it is only asked again.

        Only who has the job's own key can tell: to every other the vendor says the same of a living task.
        """
        at = await asyncio.to_thread(self.ledger.now)
        is_ours = job.account in {"", self.client.account}
        is_old = at - (job.submitted_at or job.reserved_at) >= TASK_LIFETIME
        if not (is_ours and is_old and agree(task.answered_at, at)):
            return False
        message = "the vendor forgets a task after 24 hours"
        await asyncio.to_thread(
            self.ledger.jobs.expire, job.id, of_task=job.task_id, message=message
        )
        return True


async def _wait_or_raise(error: ModelStudioError, tries: int) -> None:
    """Wait until a request that was not accepted may go again; raise the error if it may not."""
    may_go_again = isinstance(error, Throttled | ServiceUnreachable)
    wait_seconds = wait_before_retry(error, tries) if may_go_again else None
    if wait_seconds is None or wait_seconds > LONGEST_WAIT_SECONDS:
        raise error
    await asyncio.sleep(wait_seconds)


def _payment(new: NewJob, request: httpx.Request, starts_per_second: float) -> Payment[Submission]:
    """Return how a video or a template is paid for."""
    price = f"for at most {cny(new.price_cny)}"

    def answered(begun: Submission) -> Outcome:
        facts = {"task_id": begun.task_id, "request_id": begun.request_id}
        told = f"task {begun.task_id} was begun {price} and cannot be booked"
        return Outcome("job accepted", facts, told)

    def failed(error: Exception) -> Outcome:
        if isinstance(error, ModelStudioError) and not leaves_doubt(error):
            return Outcome("job not accepted", {"code": error.code, "message": error.happened})
        message = _in_short(error) if isinstance(error, ModelStudioError) else type(error).__name__
        told = f"a video may have been begun {price}, which cannot be booked"
        return Outcome("job in doubt", {"message": message}, told)

    return Payment(
        new=new,
        request=request,
        starts_per_second=starts_per_second,
        read=read_submission,
        answered=answered,
        failed=failed,
    )


def _in_short(error: ModelStudioError) -> str:
    """Return what happened to a lost answer, for the books; what to do then, their readers say."""
    status = f"HTTP {error.status}" if error.status else ""
    request = f"request {error.request_id}" if error.request_id else ""
    return ", ".join(filter(None, (error.message.rstrip("."), error.code, status, request)))
