"""Let one of any number of callers send a job's paying request, and book what became of it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from greenlight.errors import LedgerError
from greenlight.ledger.budgets import Budget, keep_within, names_of
from greenlight.ledger.database import Database
from greenlight.ledger.job import (
    ENDED_LONG_AGO,
    MAX_ATTEMPTS,
    NOT_PAID,
    Job,
    JobState,
    NewJob,
    read_job,
)
from greenlight.ledger.ownership import keep_failed_task, keep_stray_task, owners
from greenlight.ledger.schema import jobs

LEFT_IN_DOUBT = "the process that sent the paying request ended before the answer came"


class Reservations:
    """Jobs on their way to the vendor. Every change is made only if the job still stands as expected."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(
        self, new: NewJob, *, lease_seconds: float, budgets: Sequence[Budget] = ()
    ) -> tuple[Job, str | None]:
        """Return the job of this key, and a token if it is the caller who may send its request.

        Of any number of callers one gets the token; the others get the job as it is. Raises `OverBudget`,
        and reserves nothing, when the price does not fit into a budget any more.
        """
        names = (f"job {new.key}", *names_of(budgets, new.service))
        with self._database.writing(*names) as connection:
            at = self._database.now(connection)
            this = select(jobs).where(jobs.c.key == new.key)
            row = connection.execute(this.with_for_update()).one_or_none()
            token = None
            if row is None or _may_be_sent(row, at):
                keep_within(connection, budgets, new.service, new.price_cny, at=at)
                token = secrets.token_hex(16)
                values = _fresh_start(new, at) | {
                    "lease_token": token,
                    "lease_until": at + timedelta(seconds=lease_seconds),
                }
                _write(connection, row, new, values)
            elif _was_left_in_doubt(row, at):
                doubt = {"state": JobState.AMBIGUOUS, "message": LEFT_IN_DOUBT}
                connection.execute(update(jobs).where(jobs.c.id == row.id).values(doubt))
            return read_job(connection.execute(this).one()), token

    def mark_sent(self, job_id: int, token: str, *, lease_seconds: float) -> bool:
        """Write down that the request is sent now, and renew the lease for its answer.

        Returns false if the lease ended before; then the request must not be sent.
        """
        with self._database.writing() as connection:
            at = self._database.now(connection)
            return _set(
                connection,
                _is_held(job_id, token),
                jobs.c.sent_at.is_(None),
                jobs.c.lease_until > at,
                sent_at=at,
                lease_until=at + timedelta(seconds=lease_seconds),
            )

    def mark_unsent(self, job_id: int, token: str) -> None:
        """Write down that the request was certainly not accepted, so that it may be sent again."""
        with self._database.writing() as connection:
            held = _was_held(job_id, token)
            _set(connection, held, state=JobState.RESERVED, sent_at=None, message="")

    def store_task(self, job_id: int, token: str, *, task_id: str, request_id: str) -> None:
        """Write down the id of the accepted task, before anything else happens.

        It counts also when it comes after the lease, as long as no other request was sent for the job. Else
        it is kept beside the job, and a `LedgerError` names it.
        """
        not_sent_again = and_(
            jobs.c.id == job_id, jobs.c.state == JobState.RESERVED, jobs.c.sent_at.is_(None)
        )
        with self._database.writing(f"task {task_id}") as connection:
            at = self._database.now(connection)
            owner = owners(connection, [task_id]).get(task_id)
            is_stored = owner == job_id
            if owner is None:
                is_stored = _set(
                    connection,
                    or_(_was_held(job_id, token), not_sent_again),
                    state=JobState.SUBMITTED,
                    submitted_at=at,
                    task_id=task_id,
                    request_id=request_id,
                    code="",
                    message="",
                )
                if not is_stored:
                    keep_stray_task(connection, job_id, task_id, at)
        if not is_stored:
            raise LedgerError(_not_its_task(task_id, another_has_it=owner is not None), spent=True)

    def mark_ambiguous(self, job_id: int, token: str, message: str) -> None:
        """Write down that the answer to the paying request was lost."""
        with self._database.writing() as connection:
            _set(connection, _is_held(job_id, token), state=JobState.AMBIGUOUS, message=message)

    def free(self, job_id: int, token: str, *, code: str, message: str) -> None:
        """Give a reservation back: the request was not accepted, so it cost nothing."""
        with self._database.writing() as connection:
            _set(
                connection,
                _was_held(job_id, token),
                state=JobState.RESERVED,
                lease_until=ENDED_LONG_AGO,
                sent_at=None,
                code=code,
                message=message,
            )


def _not_its_task(task_id: str, *, another_has_it: bool) -> str:
    if another_has_it:
        return (
            f"the service answered with task {task_id} although another job has it; `greenlight reconcile` "
            "looks for this job's own"
        )
    return (
        f"task {task_id} was accepted too late: its job was sent again or has another one, whose video is "
        "fetched; `greenlight jobs` lists it"
    )


def _is_held(job_id: int, token: str) -> ColumnElement[bool]:
    return and_(jobs.c.id == job_id, jobs.c.lease_token == token, jobs.c.state == JobState.RESERVED)


def _was_held(job_id: int, token: str) -> ColumnElement[bool]:
    """Return the condition that nobody else has reserved the job: a late answer ends the doubt."""
    open_states = (JobState.RESERVED, JobState.AMBIGUOUS)
    return and_(jobs.c.id == job_id, jobs.c.lease_token == token, jobs.c.state.in_(open_states))


def _set(connection: Connection, *conditions: ColumnElement[bool], **values: Any) -> bool:
    """Change a job if it stands as the conditions say; return whether it did."""
    return connection.execute(update(jobs).where(*conditions).values(values)).rowcount == 1


def _write(
    connection: Connection, row: Row[Any] | None, new: NewJob, values: dict[str, Any]
) -> None:
    if row is None:
        connection.execute(insert(jobs).values(_first_row(new) | values))
        return
    attempts = row.attempts + (row.state in NOT_PAID)
    keep_failed_task(connection, row.id)
    connection.execute(
        update(jobs).where(jobs.c.id == row.id).values(values | {"attempts": attempts})
    )


def _first_row(new: NewJob) -> dict[str, Any]:
    return {
        "key": new.key,
        "kind": new.kind,
        "service": new.service,
        "model": new.model,
        "family": new.family,
        "portrait": new.portrait,
        "drive": new.drive,
        "brief": json.dumps(new.brief, ensure_ascii=False, sort_keys=True),
        "attempts": 1,
    }


def _fresh_start(new: NewJob, at: datetime) -> dict[str, Any]:
    """Return the values of a reservation that nothing was sent for."""
    nothing_yet = ("sent_at", "submitted_at", "finished_at", "task_id", "template_id", "cost_cny")
    return dict.fromkeys(nothing_yet) | {
        "state": JobState.RESERVED,
        "reserved_at": at,
        "reserved_cny": new.price_cny,
        "flow_run": new.flow_run,
        "request_id": "",
        "code": "",
        "message": "",
    }


def _may_be_sent(row: Row[Any], at: datetime) -> bool:
    if row.state in NOT_PAID:
        return bool(row.attempts < MAX_ATTEMPTS)
    return row.state == JobState.RESERVED and row.sent_at is None and row.lease_until <= at


def _was_left_in_doubt(row: Row[Any], at: datetime) -> bool:
    return row.state == JobState.RESERVED and row.sent_at is not None and row.lease_until <= at
