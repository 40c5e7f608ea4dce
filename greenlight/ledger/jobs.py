"""Book paid generations from their paying request to their stored video.

    reserved ──> submitted ──> succeeded | failed | canceled | expired
       ├───────> failed         the request was not sent, or refused: it has no task, and may be sent again
       └───────> ambiguous ──> submitted | failed

A job is booked just before its request is sent (`greenlight.ledger.payments`). One whose answer nobody awaits
any more is ambiguous: the request may have been accepted, so none is sent again until the doubt is settled.
What failed or was canceled may be sent again as `Job.may_be_ordered_again` says.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import and_, func, or_, select, true, tuple_, update

from greenlight.errors import LedgerError
from greenlight.errors.advice import ListJobs
from greenlight.ledger.doubts import Doubts
from greenlight.ledger.job import MAX_ATTEMPTS, NOT_PAID, Job, JobState, NewJob, read_job
from greenlight.ledger.schema import jobs
from greenlight.ledger.sending import Sending, another_key

__all__ = ["MAX_ATTEMPTS", "Job", "JobState", "Jobs", "NewJob"]

SHORTEST_PREFIX = 4
IDENTITIES_AT_ONCE = 5_000
"""Databases take a limited number of values with one query."""


class Jobs(Sending, Doubts):
    """The paid generations."""

    def find(self, key: str) -> Job | None:
        """Return the job of a key as it stands."""
        with self._database.reading() as connection:
            row = connection.execute(select(jobs).where(jobs.c.key == key)).one_or_none()
        return None if row is None else read_job(row)

    def find_by_name(self, name: str, *, service: str | None = None) -> Job:
        """Return the job that people mean by its key, its hash or the beginning of its hash.

        The hash of a brief is the same with every service, so it is looked for in the one that is given.
        Raises `LedgerError` when there is no such job, or more than one.
        """
        is_named = jobs.c.key == name
        if len(name) >= SHORTEST_PREFIX and set(name) <= set(string.hexdigits):
            is_named = or_(is_named, jobs.c.key.like(f"%,{name.lower()}%"))
        query = select(jobs).where(is_named)
        if service is not None:
            query = query.where(or_(jobs.c.service == service, jobs.c.key == name))
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(2)).all()
        if len(rows) == 1:
            return read_job(rows[0])
        found = "more than one job begins" if rows else "no job begins"
        raise LedgerError(f"{found} with {name!r}", ListJobs(), could_cost=False)

    def of_portraits(self, service: str, portraits: Iterable[str]) -> list[Job]:
        """Return the jobs of one service that film subjects with these identities, the oldest first."""
        remaining = iter(portraits)
        found: list[Job] = []
        with self._database.reading() as connection:
            while batch := list(islice(remaining, IDENTITIES_AT_ONCE)):
                query = select(jobs).where(jobs.c.service == service, jobs.c.portrait.in_(batch))
                rows = connection.execute(query.order_by(jobs.c.id))
                found += [read_job(row) for row in rows]
        return found

    def newest(self, *, states: Sequence[JobState] = (), limit: int = 50) -> list[Job]:
        """Return the jobs of the whole ledger, in some states or in all, the newest first."""
        query = select(jobs).order_by(jobs.c.reserved_at.desc(), jobs.c.id.desc()).limit(limit)
        if states:
            query = query.where(jobs.c.state.in_(states))
        with self._database.reading() as connection:
            return [read_job(row) for row in connection.execute(query)]

    def open_jobs(
        self,
        *,
        service: str | None = None,
        ambiguous: bool = False,
        limit: int = 100,
        after: Job | None = None,
    ) -> list[Job]:
        """Return the jobs that have a task and wait for its end, the oldest first.

        `ambiguous` returns those in doubt instead. The next page begins `after` the last job of this one.
        """
        state = JobState.AMBIGUOUS if ambiguous else JobState.SUBMITTED
        query = select(jobs).where(jobs.c.state == state)
        if service is not None:
            query = query.where(jobs.c.service == service)
        if after is not None:
            place = tuple_(jobs.c.reserved_at, jobs.c.id)
            query = query.where(place > (after.reserved_at, after.id))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(jobs.c.reserved_at, jobs.c.id).limit(limit))
            return [read_job(row) for row in rows]

    def close(
        self, job_id: int, state: JobState, *, of_task: str | None = None, **facts: Any
    ) -> Job:
        """Write down how a submitted job ended, with the facts of its video; return the job.

        How it ended first is how it stays, and what became of the task that the caller saw (`of_task`) says
        nothing of another that the job may have by now. What failed or was canceled has cost nothing.
        """
        if state in NOT_PAID:
            facts = {"cost_cny": Decimal(0)} | facts
        with self._database.writing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state == JobState.SUBMITTED)
                .where(true() if of_task is None else jobs.c.task_id == of_task)
                .values(state=state, finished_at=self._database.now(connection), **facts)
            )
            return read_job(connection.execute(select(jobs).where(jobs.c.id == job_id)).one())

    def move(self, job_id: int, *, place: str, sha256: str) -> None:
        """Write down where a video lies now that was gone from its place and was fetched again."""
        with self._database.writing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state == JobState.SUCCEEDED)
                .values(place=place, sha256=sha256)
            )

    def forget_template(self, job_id: int) -> Job | None:
        """Let a template be made anew that the vendor does not know any more; `None` if it is none.

        Returns the job under the key of its own that it has from now on, because what it cost stays.
        """
        this = and_(
            jobs.c.id == job_id, jobs.c.kind == "template", jobs.c.state == JobState.SUCCEEDED
        )
        with self._database.writing() as connection:
            key = connection.execute(select(jobs.c.key).where(this)).scalar_one_or_none()
            if key is None:
                return None
            ended = {
                "key": another_key(key, f"forgotten {job_id}"),
                "state": JobState.EXPIRED,
                "message": "the vendor does not know the template any more",
            }
            connection.execute(update(jobs).where(this).values(ended))
            return read_job(connection.execute(select(jobs).where(jobs.c.id == job_id)).one())

    def expire(self, job_id: int, *, message: str, **facts: Any) -> Job:
        """Close a submitted job whose video can no longer be had, though it was paid; return the job.

        Without a `cost_cny` among the facts the price that was reserved stays in the books.
        """
        return self.close(job_id, JobState.EXPIRED, message=message, **facts)

    def cost_of_run_cny(self, flow_run: str) -> Decimal:
        """Return what the jobs that one flow run ordered have cost so far."""
        query = select(func.sum(jobs.c.cost_cny)).where(jobs.c.flow_run == flow_run)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one() or Decimal(0)
