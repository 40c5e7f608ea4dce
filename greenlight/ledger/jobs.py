"""Book paid generations from their reservation to their stored video.

    reserved ──> submitted ──> succeeded | failed | canceled | expired
        └──────> ambiguous

A reservation is a lease. One that ended before `sent_at` was written is free again: nothing was sent.
One that ended after it is ambiguous: a paying request may have been accepted, so none is sent again.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from greenlight.ledger.database import Database, now
from greenlight.ledger.schema import jobs

ENDED_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MAX_ATTEMPTS = 3
"""A generation that failed or was canceled was not paid and may be made again, twice by itself."""


class JobState(StrEnum):
    """Where a job stands."""

    RESERVED = "reserved"
    SUBMITTED = "submitted"
    AMBIGUOUS = "ambiguous"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


NOT_PAID = frozenset({JobState.FAILED, JobState.CANCELED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One paid generation as the books have it; times are UTC."""

    id: int
    key: str
    kind: str
    service: str
    model: str
    family: str
    state: JobState
    brief: dict[str, Any]
    flow_run: str
    attempts: int
    reserved_at: datetime
    sent_at: datetime | None
    submitted_at: datetime | None
    finished_at: datetime | None
    task_id: str | None
    request_id: str
    template_id: str | None
    place: str | None
    sha256: str | None
    seconds: float | None
    cost_cny: Decimal | None
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is reserved: the key and what the books say of it."""

    key: str
    kind: str
    service: str
    model: str
    family: str
    brief: dict[str, Any]
    flow_run: str = ""


class Jobs:
    """The paid generations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> Job | None:
        """Return the job of a key as it stands."""
        with self._database.reading() as connection:
            row = connection.execute(select(jobs).where(jobs.c.key == key)).one_or_none()
        return None if row is None else _read(row)

    def reserve(self, new: NewJob, *, lease_seconds: float) -> tuple[Job, str | None]:
        """Return the job of this key, and a token if it is the caller who may send its request.

        Of any number of callers one gets the token; the others get the job as it is.
        """
        with self._database.writing() as connection:
            row = connection.execute(select(jobs).where(jobs.c.key == new.key)).one_or_none()
            token = secrets.token_hex(16)
            lease = {"lease_token": token, "lease_until": now() + timedelta(seconds=lease_seconds)}
            if row is None:
                connection.execute(insert(jobs).values(_first_row(new) | lease))
            elif _may_be_sent(row):
                again = row.state in NOT_PAID
                connection.execute(
                    update(jobs)
                    .where(jobs.c.id == row.id)
                    .values(_fresh_start(new) | lease | {"attempts": row.attempts + again})
                )
            else:
                token = ""
                if _was_left_in_doubt(row):
                    connection.execute(
                        update(jobs)
                        .where(jobs.c.id == row.id)
                        .values(state=JobState.AMBIGUOUS, message=LEFT_IN_DOUBT)
                    )
            row = connection.execute(select(jobs).where(jobs.c.key == new.key)).one()
        return _read(row), token or None

    def mark_sent(self, job_id: int, token: str, *, lease_seconds: float) -> bool:
        """Write down that the request is sent now, and renew the lease for its answer.

        Returns false if the lease ended before; then the request must not be sent.
        """
        with self._database.writing() as connection:
            return self._set(
                connection,
                job_id,
                token,
                jobs.c.sent_at.is_(None),
                jobs.c.lease_until > now(),
                sent_at=now(),
                lease_until=now() + timedelta(seconds=lease_seconds),
            )

    def mark_unsent(self, job_id: int, token: str) -> None:
        """Write down that the request was certainly not accepted, so that it may be sent again."""
        with self._database.writing() as connection:
            self._set(connection, job_id, token, sent_at=None)

    def store_task(self, job_id: int, token: str, *, task_id: str, request_id: str) -> None:
        """Write down the id of the accepted task, before anything else happens."""
        with self._database.writing() as connection:
            self._set(
                connection,
                job_id,
                token,
                state=JobState.SUBMITTED,
                submitted_at=now(),
                task_id=task_id,
                request_id=request_id,
            )

    def mark_ambiguous(self, job_id: int, token: str, message: str) -> None:
        """Write down that the answer to the paying request was lost."""
        with self._database.writing() as connection:
            self._set(connection, job_id, token, state=JobState.AMBIGUOUS, message=message)

    def free(self, job_id: int, token: str, *, code: str, message: str) -> None:
        """Give a reservation back: the request was not accepted, so it cost nothing."""
        with self._database.writing() as connection:
            self._set(
                connection,
                job_id,
                token,
                lease_until=ENDED_LONG_AGO,
                sent_at=None,
                code=code,
                message=message,
            )

    def close(self, job_id: int, state: JobState, **facts: Any) -> Job:
        """Write down how a submitted job ended, with the facts of its video; return the job."""
        with self._database.writing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state == JobState.SUBMITTED)
                .values(state=state, finished_at=now(), **facts)
            )
            return _read(connection.execute(select(jobs).where(jobs.c.id == job_id)).one())

    def cost_of_run_cny(self, flow_run: str) -> Decimal:
        """Return what the jobs that one flow run ordered have cost so far."""
        query = select(func.sum(jobs.c.cost_cny)).where(jobs.c.flow_run == flow_run)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one() or Decimal(0)

    @staticmethod
    def _set(
        connection: Connection, job_id: int, token: str, *conditions: Any, **values: Any
    ) -> bool:
        """Change a reservation if it is still the holder's; return whether it was."""
        result = connection.execute(
            update(jobs)
            .where(jobs.c.id == job_id, jobs.c.lease_token == token)
            .where(jobs.c.state == JobState.RESERVED, *conditions)
            .values(values)
        )
        return result.rowcount == 1


LEFT_IN_DOUBT = "the process that sent the paying request ended before the answer came"


def _first_row(new: NewJob) -> dict[str, Any]:
    return _fresh_start(new) | {
        "key": new.key,
        "kind": new.kind,
        "service": new.service,
        "model": new.model,
        "family": new.family,
        "brief": json.dumps(new.brief, ensure_ascii=False, sort_keys=True),
        "attempts": 1,
    }


def _fresh_start(new: NewJob) -> dict[str, Any]:
    """Return the values of a reservation that nothing was sent for."""
    nothing_yet = ("sent_at", "submitted_at", "finished_at", "task_id", "template_id", "cost_cny")
    return dict.fromkeys(nothing_yet) | {
        "state": JobState.RESERVED,
        "reserved_at": now(),
        "flow_run": new.flow_run,
        "request_id": "",
        "code": "",
        "message": "",
    }


def _may_be_sent(row: Row[Any]) -> bool:
    if row.state in NOT_PAID:
        return bool(row.attempts < MAX_ATTEMPTS)
    return row.state == JobState.RESERVED and row.sent_at is None and row.lease_until <= now()


def _was_left_in_doubt(row: Row[Any]) -> bool:
    return row.state == JobState.RESERVED and row.sent_at is not None and row.lease_until <= now()


def _read(row: Row[Any]) -> Job:
    values = row._asdict()
    values.pop("lease_token")
    values.pop("lease_until")
    values["state"] = JobState(row.state)
    values["brief"] = json.loads(row.brief)
    return Job(**values)
