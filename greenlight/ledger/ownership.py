"""Know which of the vendor's tasks belong to a job, those of its earlier attempts too."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from sqlalchemy import Connection, insert, select, union_all

from greenlight.ledger.schema import jobs, other_tasks

IDS_AT_ONCE = 5_000
"""Databases take a limited number of values with one query."""


def owners(connection: Connection, task_ids: Iterable[str]) -> dict[str, int]:
    """Return the numbers of the jobs that own any of these tasks, by task id."""
    remaining = iter(task_ids)
    found: dict[str, int] = {}
    while wanted := list(islice(remaining, IDS_AT_ONCE)):
        current = select(jobs.c.task_id, jobs.c.id).where(jobs.c.task_id.in_(wanted))
        others = select(other_tasks.c.task_id, other_tasks.c.job_id).where(
            other_tasks.c.task_id.in_(wanted)
        )
        rows = connection.execute(union_all(current, others))
        found |= {str(row[0]): int(row[1]) for row in rows}
    return found


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
