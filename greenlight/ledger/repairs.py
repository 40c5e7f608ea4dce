"""Settle the doubt about jobs whose answer was lost; the vendor's task list says what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, true, update

from greenlight.ledger.database import Database
from greenlight.ledger.job import ENDED_LONG_AGO, Job, JobState, is_left_in_doubt, read_job
from greenlight.ledger.ownership import owners
from greenlight.ledger.reservations import LEFT_IN_DOUBT
from greenlight.ledger.schema import jobs


class Repairs:
    """Jobs in doubt. Every step has one winner: it counts only while the job is still ambiguous."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark_left_in_doubt(self) -> int:
        """Make every job ambiguous whose holder died after it sent; return how many."""
        with self._database.writing() as connection:
            left = is_left_in_doubt(self._database.now(connection))
            doubt = {"state": JobState.AMBIGUOUS, "message": LEFT_IN_DOUBT}
            return connection.execute(update(jobs).where(left).values(doubt)).rowcount

    def adopt(self, job_id: int, task_id: str, *, submitted_at: datetime | None = None) -> bool:
        """Give an ambiguous job the task that its lost answer named; return whether it counts.

        It does not when another job owns the task, or the job is in doubt no more. `submitted_at` is when
        the vendor took the task, by default when it was sent.
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
                .values(
                    state=JobState.RESERVED,
                    sent_at=None,
                    lease_until=ENDED_LONG_AGO,
                    message=message,
                )
            )
            return released.rowcount == 1

    def unanswered(self, model: str) -> list[Job]:
        """Return the jobs of a model whose paying request was sent and has no answer that counts (yet)."""
        states = (JobState.RESERVED, JobState.AMBIGUOUS)
        query = select(jobs).where(
            jobs.c.model == model, jobs.c.state.in_(states), jobs.c.sent_at.is_not(None)
        )
        with self._database.reading() as connection:
            return [read_job(row) for row in connection.execute(query)]

    def owned_task_ids(self, task_ids: Iterable[str]) -> set[str]:
        """Return those of the task ids that a job owns, also by an attempt that failed."""
        with self._database.reading() as connection:
            return set(owners(connection, task_ids))
