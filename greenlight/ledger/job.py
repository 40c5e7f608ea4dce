"""Say what the books know of one paid generation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_

from greenlight.ledger.schema import jobs

ENDED_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MAX_ATTEMPTS = 3
"""A generation that failed or was canceled was not paid and may be made again, twice by itself."""


class JobState(StrEnum):
    """Where a job stands."""

    RESERVED = "reserved"
    """It is about to be sent, by a process that holds a lease on it."""
    SUBMITTED = "submitted"
    """The vendor has accepted it under a task id."""
    AMBIGUOUS = "ambiguous"
    """It was sent, and the answer was lost: it may have been accepted."""
    SUCCEEDED = "succeeded"
    """It was paid, and its video is stored or its template known."""
    FAILED = "failed"
    """The vendor failed it, and charges nothing."""
    CANCELED = "canceled"
    """It was canceled before it began, and costs nothing."""
    EXPIRED = "expired"
    """The vendor has forgotten it before its video was fetched: paid, and lost."""


NOT_PAID = frozenset({JobState.FAILED, JobState.CANCELED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One paid generation as the books have it; times are UTC.

    `reserved_cny` is the price of its longest possible output, `cost_cny` what it came to in the end.
    """

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
    reserved_cny: Decimal
    cost_cny: Decimal | None
    code: str
    message: str
    portrait: str
    """The identity of the portrait; a template has none."""
    drive: str
    """The identity of the sound or the motion."""

    @property
    def hash(self) -> str:
        """Return the part of the key that people call the job by."""
        return self.key.rpartition(",")[2]

    @property
    def subject(self) -> str:
        """Return the name of the portrait that is filmed, or of the motion that becomes a template."""
        place = str(self.brief.get("portrait") or self.brief.get("motion") or "")
        return place.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is reserved: the key, what the books say of it, and the most that it can cost."""

    key: str
    kind: str
    service: str
    model: str
    family: str
    brief: dict[str, Any]
    portrait: str = ""
    """The identity of the portrait; a template has none."""
    drive: str = ""
    """The identity of the sound or the motion."""
    flow_run: str = ""
    price_cny: Decimal = Decimal(0)


def read_job(row: Row[Any]) -> Job:
    """Return a row of the table as a value."""
    values = row._asdict()
    values.pop("lease_token")
    values.pop("lease_until")
    values["state"] = JobState(row.state)
    values["brief"] = json.loads(row.brief)
    return Job(**values)


def is_free(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a reservation has ended and nothing was sent for it."""
    return and_(
        jobs.c.state == JobState.RESERVED, jobs.c.sent_at.is_(None), jobs.c.lease_until <= at
    )


def is_left_in_doubt(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a reservation has ended after its request was sent."""
    return and_(
        jobs.c.state == JobState.RESERVED, jobs.c.sent_at.is_not(None), jobs.c.lease_until <= at
    )
