"""Finish every open job of the books, whoever began it, so that a dead run costs nothing but time."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from greenlight.concurrency import all_of
from greenlight.errors import Explained
from greenlight.filming.collecting import collect
from greenlight.filming.filmer import Filmer
from greenlight.filming.listing import list_tasks
from greenlight.filming.reconciling import AmbiguousJob, Reconciler
from greenlight.ledger import Job, JobState
from greenlight.modelstudio.errors import ModelStudioError
from greenlight.modelstudio.tasks import TaskStatus

EXPIRING_AFTER = timedelta(hours=20)
"""The vendor forgets a task and its video after 24 hours."""
ASKED_ONE_BY_ONE = 20
"""More open jobs than this are looked for in pages of the vendor's list, 100 at a time.

Of those that it calls unfinished so many are asked for all the same, by chance: a list may be late, and no
job may wait for it for good."""
AT_ONCE = 8
NOT_FINISHED = frozenset(TaskStatus) - {
    TaskStatus.SUCCEEDED,
    TaskStatus.FAILED,
    TaskStatus.CANCELED,
    TaskStatus.UNKNOWN,
}


@dataclass(slots=True)
class Round:
    """What one look at all open jobs came to."""

    closed: list[Job] = field(default_factory=list)
    """Jobs that ended in this round, with their videos stored where they succeeded."""
    waiting: list[Job] = field(default_factory=list)
    """Jobs that the vendor still works on, or that another collector has."""
    troubled: list[tuple[Job, Explained]] = field(default_factory=list)
    """Jobs that have ended and could not be closed: the next round tries again."""
    doubts: list[AmbiguousJob] = field(default_factory=list)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When it was, by the ledger's clock."""

    @property
    def open(self) -> list[Job]:
        """Return the jobs that wait for the next round."""
        return self.waiting + [job for job, _ in self.troubled]

    @property
    def expired(self) -> list[Job]:
        """Return the jobs whose videos were paid and lost."""
        return [job for job in self.closed if job.state is JobState.EXPIRED]

    @property
    def expiring(self) -> list[Job]:
        """Return the open jobs whose videos the vendor will soon throw away."""
        return [
            job
            for job in self.open
            if self.at - (job.submitted_at or job.reserved_at) >= EXPIRING_AFTER
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """The filmer and the reconciler, and where videos go instead of where their briefs said."""

    filmer: Filmer
    reconciler: Reconciler
    out: Path | str | None = None

    async def collect(self, *, wait_seconds: float) -> Round:
        """Go on in rounds until nothing is open or the wait is over; return all that came of it.

        A key that the vendor refuses is raised, because it would be refused for every job.
        """
        ends_at = time.monotonic() + wait_seconds
        closed: list[Job] = []
        while True:
            last = await self.round()
            closed += last.closed
            remaining_seconds = ends_at - time.monotonic()
            if remaining_seconds <= 0 or not last.open:
                last.closed = closed
                return last
            await asyncio.sleep(min(self.filmer.poll_seconds, remaining_seconds))

    async def round(self) -> Round:
        """Settle doubts, then look once at every open job."""
        doubts = await self.reconciler.reconcile()
        jobs = await asyncio.to_thread(self._open_jobs)
        unfinished = await self._unfinished(jobs) if len(jobs) > ASKED_ONE_BY_ONE else []
        passed_over = {job.id for job in unfinished}
        passed_over -= {
            job.id for job in random.sample(unfinished, min(len(unfinished), ASKED_ONE_BY_ONE))
        }
        result = Round(
            waiting=[job for job in jobs if job.id in passed_over],
            doubts=[doubt for doubt in doubts if not doubt.outcome],
            at=await asyncio.to_thread(self.filmer.ledger.now),
        )
        looked_at = [job for job in jobs if job.id not in passed_over]
        await all_of(looked_at, partial(self._finish, result), at_once=AT_ONCE)
        return result

    def _open_jobs(self) -> list[Job]:
        found: list[Job] = []
        service = self.filmer.client.service
        while page := self.filmer.ledger.jobs.open_jobs(
            service=service, after=found[-1] if found else None
        ):
            found += page
        return found

    async def _unfinished(self, jobs: list[Job]) -> list[Job]:
        """Return the jobs that are not worth a fetch, because the list calls their tasks unfinished."""
        try:
            listed = await list_tasks(self.filmer.client, self.filmer.ledger)
        except ModelStudioError as error:
            if error.refuses_all:
                raise
            return []
        found = [(job, listed.tasks.get(job.task_id or "")) for job in jobs]
        return [job for job, task in found if task is not None and task.status in NOT_FINISHED]

    async def _finish(self, result: Round, job: Job) -> None:
        """Look at a job once; a refused key is raised, and no other job is looked at any more."""
        try:
            ended = await collect(self.filmer, job, self.out, wait_seconds=0)
        except Explained as error:
            if isinstance(error, ModelStudioError) and error.refuses_all:
                raise
            result.troubled.append((job, error))
            return
        (result.waiting if ended.state is JobState.SUBMITTED else result.closed).append(ended)
