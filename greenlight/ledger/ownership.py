"""Know which of the vendor's tasks belong to a job, those of its earlier attempts too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, select, union_all

from greenlight.ledger.schema import jobs, other_tasks

STRAY = "stray"
"""The state of a task whose job went on without it, because its id came too late."""


def owners(connection: Connection, task_ids: Iterable[str]) -> dict[str, int]:
    """Return the numbers of the jobs that own any of these tasks, by task id."""
    wanted = list(task_ids)
    current = select(jobs.c.task_id, jobs.c.id).where(jobs.c.task_id.in_(wanted))
    others = select(other_tasks.c.task_id, other_tasks.c.job_id).where(
        other_tasks.c.task_id.in_(wanted)
    )
    return {str(row[0]): int(row[1]) for row in connection.execute(union_all(current, others))}


def keep_failed_task(connection: Connection, job_id: int) -> None:
    """Keep the task of a job that failed, before the job is made again."""
    columns = ("task_id", "job_id", "state", "code", "message", "booked_at")
    failed = select(
        jobs.c.task_id,
        jobs.c.id,
        jobs.c.state,
        jobs.c.code,
        jobs.c.message,
        jobs.c.finished_at,
    ).where(jobs.c.id == job_id, jobs.c.task_id.is_not(None))
    connection.execute(insert(other_tasks).from_select(columns, failed))


def keep_stray_task(connection: Connection, job_id: int, task_id: str, at: datetime) -> None:
    """Keep a task that was accepted for a job which has, or may have, another one by now."""
    row = {"task_id": task_id, "job_id": job_id, "state": STRAY, "booked_at": at}
    connection.execute(insert(other_tasks).values(row | {"code": "", "message": ""}))
