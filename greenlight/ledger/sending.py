"""Book what became of a job's paying request."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from greenlight.errors import LedgerError
from greenlight.errors.advice import FetchVideo, Reconcile
from greenlight.ledger.database import Database
from greenlight.ledger.job import NAME_CHARACTERS, Job, JobState, NewJob, read_job, was_not_accepted
from greenlight.ledger.leases import Claim, ClaimLost
from greenlight.ledger.ownership import keep_failed_task, owners
from greenlight.ledger.schema import jobs

UNANSWERED = (JobState.RESERVED, JobState.AMBIGUOUS)


def find_orderable(connection: Connection, key: str) -> Job | None:
    """Return the job of a key, if there is one, for the rest of the transaction.

    Raises `ClaimLost` unless it may be ordered: a late answer can have brought it forward.
    """
    this = select(jobs).where(jobs.c.key == key)
    row = connection.execute(this.with_for_update()).one_or_none()
    if row is None:
        return None
    job = read_job(row)
    if not job.may_be_ordered_again:
        raise ClaimLost(f"job {job.short_name} is {job.state} by now; run it again")
    return job


def book_sent(
    connection: Connection, job: Job | None, new: NewJob, claim: Claim, at: datetime
) -> int:
    """Write down that a job's request is sent now, for the first time or again; return the job's number."""
    nothing_yet = (
        "submitted_at",
        "finished_at",
        "doubted_at",
        "task_id",
        "template_id",
        "cost_cny",
    )
    nothing_said = ("request_id", "code", "message")
    row = dict.fromkeys(nothing_yet) | dict.fromkeys(nothing_said, "") | asdict(new)
    row |= {
        "brief": json.dumps(new.brief, ensure_ascii=False, sort_keys=True),
        "reserved_cny": row.pop("price_cny"),
        "state": JobState.RESERVED,
        "claim": claim.token,
        "reserved_at": at,
        "sent_at": at,
    }
    if job is None:
        first = insert(jobs).values(row | {"attempts": 1}).returning(jobs.c.id)
        return int(connection.execute(first).scalar_one())
    keep_failed_task(connection, job.id)
    attempts = job.attempts + (job.task_id is not None)
    again = update(jobs).where(jobs.c.id == job.id)
    connection.execute(again.values(row | {"attempts": attempts}))
    return job.id


class Sending:
    """Jobs whose request was sent. A change counts only while nobody else has sent the job again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store_task(self, job_id: int, token: str, *, task_id: str, request_id: str) -> None:
        """Write down the id of the accepted task, before anything else happens.

        It counts also when it comes late, as long as no other request was sent for the job. Else it becomes a
        job of its own, which is fetched, stored and counted like any other, and a `LedgerError` names it.
        Booking it again changes nothing.
        """
        with self._database.writing(f"task {task_id}") as connection:
            owner = owners(connection, [task_id]).get(task_id)
            if owner == job_id:
                return
            accepted = {
                "state": JobState.SUBMITTED,
                "submitted_at": self._database.now(connection),
                "task_id": task_id,
                "request_id": request_id,
                "code": "",
                "message": "",
            }
            not_sent_again = and_(jobs.c.id == job_id, was_not_accepted())
            is_its = or_(_is_sent_by(job_id, token), not_sent_again)
            # What was not accepted was booked at no cost.
            if owner is None and _set(connection, is_its, **accepted, cost_cny=None):
                return
            stray = _stray_of(connection, job_id, task_id)
            if owner is None:
                _keep(connection, stray, accepted)
            is_stray = owner in {None, _number_of(connection, stray["key"])}
        raise _not_its_task(task_id, stray["key"] if is_stray else "")

    def mark_ambiguous(self, job_id: int, token: str, message: str) -> None:
        """Write down that the answer to the paying request was lost."""
        with self._database.writing() as connection:
            is_awaited = and_(_is_sent_by(job_id, token), jobs.c.state == JobState.RESERVED)
            _set(connection, is_awaited, state=JobState.AMBIGUOUS, message=message)

    def not_accepted(self, job_id: int, token: str, *, code: str = "", message: str = "") -> None:
        """Write down that the request was not sent, or refused: it cost nothing, and may be sent again."""
        with self._database.writing() as connection:
            _set(connection, _is_sent_by(job_id, token), **free_again(code, message))


def free_again(code: str, message: str) -> dict[str, Any]:
    """Return the values of a job whose request the vendor never accepted."""
    nothing = {"sent_at": None, "doubted_at": None, "cost_cny": 0}
    return nothing | {"state": JobState.FAILED, "code": code, "message": message}


def _stray_of(connection: Connection, job_id: int, task_id: str) -> dict[str, Any]:
    """Return the job that a task becomes whose own job has, or may have, another one by now."""
    stray = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()._asdict()
    brief = json.loads(stray["brief"])
    if str(brief.get("out")).lower().endswith(".mp4"):
        # The place of that name is the other one's.
        brief["out"] = brief["out"].rpartition("/")[0]
    del stray["id"]
    key = another_key(stray["key"], task_id)
    return stray | {"key": key, "attempts": 1, "brief": json.dumps(brief)}


def another_key(key: str, reason: str) -> str:
    """Return the key of a job that is kept beside the one of a key, for a reason of its own."""
    service, _, digest = key.rpartition(",")
    return f"{service},{hashlib.sha256(f'{digest} {reason}'.encode()).hexdigest()}"


def _keep(connection: Connection, stray: dict[str, Any], accepted: dict[str, Any]) -> None:
    nothing_yet = ("finished_at", "template_id", "place", "sha256", "seconds", "cost_cny")
    connection.execute(insert(jobs).values(stray | accepted | dict.fromkeys(nothing_yet)))


def _number_of(connection: Connection, key: str) -> int | None:
    return connection.execute(select(jobs.c.id).where(jobs.c.key == key)).scalar_one_or_none()


def _not_its_task(task_id: str, stray_key: str) -> LedgerError:
    if not stray_key:
        return LedgerError(
            f"the service answered with task {task_id} although another job has it",
            Reconcile(),
            spent=True,
        )
    name = stray_key.rpartition(",")[2][:NAME_CHARACTERS]
    return LedgerError(
        f"task {task_id} was accepted too late, for a job that was sent again meanwhile, so it became job "
        f"{name}",
        FetchVideo(),
        spent=True,
    )


def _is_sent_by(job_id: int, token: str) -> ColumnElement[bool]:
    """Return the condition that nobody else has sent the job: a late answer ends the doubt."""
    return and_(jobs.c.id == job_id, jobs.c.claim == token, jobs.c.state.in_(UNANSWERED))


def _set(connection: Connection, condition: ColumnElement[bool], **values: Any) -> bool:
    """Change a job if it stands as the condition says; return whether it did."""
    return connection.execute(update(jobs).where(condition).values(values)).rowcount == 1
