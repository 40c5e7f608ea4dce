"""Keep jobs in doubt, whose answer was lost, until the vendor's task list or a person settles them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import and_, select, true, update

from greenlight.ledger.database import Database
from greenlight.ledger.job import Job, JobState, is_left_in_doubt, read_job
from greenlight.ledger.ownership import owners
from greenlight.ledger.schema import jobs
from greenlight.ledger.sending import UNANSWERED, free_again

LEFT_IN_DOUBT = "the process that sent the paying request ended before the answer came"


class Doubts:
    """Jobs in doubt. Every step has one winner: it counts only while the job is still ambiguous."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark_left_in_doubt(self, held: str | None = None) -> int:
        """Make every job ambiguous whose answer nobody awaits any more; return how many.

        `held` is the key of the one job that the caller has the claim to, so that nobody else can await it.
        """
        with self._database.writing() as connection:
            left = is_left_in_doubt(self._database.now(connection))
            if held is not None:
                left = and_(jobs.c.key == held, jobs.c.state == JobState.RESERVED)
            doubt = {"state": JobState.AMBIGUOUS, "message": LEFT_IN_DOUBT}
            return connection.execute(update(jobs).where(left).values(doubt)).rowcount

    def watch(self, job_id: int) -> datetime:
        """Return when this doubt was first looked at while the clocks agreed: now, if never before."""
        is_new = jobs.c.doubted_at.is_(None)
        with self._database.writing() as connection:
            at = self._database.now(connection)
            connection.execute(
                update(jobs).where(jobs.c.id == job_id, is_new).values(doubted_at=at)
            )
            query = select(jobs.c.doubted_at).where(jobs.c.id == job_id)
            return connection.execute(query).scalar_one() or at

    def adopt(
        self,
        job_id: int,
        task_id: str,
        *,
        submitted_at: datetime | None = None,
        account: str | None = None,
    ) -> bool:
        """Give an ambiguous job the task that its lost answer named; return whether it counts.

        It does not when another job owns the task, or the job is in doubt no more. `submitted_at` is when
        the vendor took the task, by default when it was sent; `account` is whose key saw it.
        """
        with self._database.writing(f"task {task_id}") as connection:
            if owners(connection, [task_id]):
                return False
            adopted = connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state == JobState.AMBIGUOUS)
                .values(
                    state=JobState.SUBMITTED,
                    submitted_at=submitted_at or jobs.c.sent_at,
                    task_id=task_id,
                    account=jobs.c.account if account is None else account,
                    message="",
                )
            )
            return adopted.rowcount == 1

    def release(self, job_id: int, *, sent_at: datetime | None = None, message: str = "") -> bool:
        """Make an ambiguous job free again, because its request was never accepted.

        Returns false when the job is in doubt no more, or about a later request than the one of `sent_at`.
        The next caller may send it, and pay.
        """
        with self._database.writing() as connection:
            released = connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state == JobState.AMBIGUOUS)
                .where(true() if sent_at is None else jobs.c.sent_at == sent_at)
                .values(free_again("", message))
            )
            return released.rowcount == 1

    def unanswered(self, service: str) -> list[Job]:
        """Return the jobs of a service whose request was sent and has no answer that counts (yet)."""
        with self._database.reading() as connection:
            query = select(jobs).where(jobs.c.service == service, jobs.c.state.in_(UNANSWERED))
            return [read_job(row) for row in connection.execute(query)]

    def owned_task_ids(self, task_ids: Iterable[str]) -> set[str]:
        """Return those of the task ids that a job owns, also by an attempt that failed."""
        with self._database.reading() as connection:
            return set(owners(connection, task_ids))

    def accepted_lately(self, account: str, service: str, *, within: timedelta) -> set[str]:
        """Return the tasks that the vendor has accepted from an account by this ledger in the last time."""
        with self._database.reading() as connection:
            since = self._database.now(connection) - within
            query = select(jobs.c.task_id).where(
                jobs.c.service == service,
                jobs.c.account == account,
                jobs.c.task_id.is_not(None),
                jobs.c.submitted_at >= since,
            )
            return set(connection.execute(query).scalars())
