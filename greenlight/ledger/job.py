"""Say what the books know of one paid generation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Row, and_, exists, literal, not_, or_

from greenlight.ledger.schema import jobs, leases
from greenlight.modelstudio.failed_tasks import may_try_again
from greenlight.wording import visible

MAX_ATTEMPTS = 3
"""A generation that failed or was canceled was not paid and may be made again, twice by itself."""

NAME_CHARACTERS = 12

_CLAIM = "job "


class JobState(StrEnum):
    """Where a job stands."""

    RESERVED = "reserved"
    """Its paying request is sent, and its answer is awaited by a process that holds its lease."""
    SUBMITTED = "submitted"
    """The vendor has accepted it under a task id."""
    AMBIGUOUS = "ambiguous"
    """It was sent, and the answer was lost: it may have been accepted."""
    SUCCEEDED = "succeeded"
    """It was paid, and its video is stored or its template known."""
    FAILED = "failed"
    """The vendor failed it, or never accepted it if it has no task; either way it charges nothing."""
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
    account: str
    """A short hash of the key that it was sent with; "" for a job of before these were kept."""
    reserved_at: datetime
    sent_at: datetime | None
    submitted_at: datetime | None
    finished_at: datetime | None
    settle_seconds: float | None
    """How long its doubt must be watched before it can be released, by its sender's settings."""
    doubted_at: datetime | None
    """When its doubt was first looked at with clocks that agree with the vendor's."""
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
    """The identity of the portrait or the clip; a template has none."""
    drive: str
    """The identity of the sound or the motion."""

    @property
    def hash(self) -> str:
        """Return the part of the key that people call the job by."""
        return self.key.rpartition(",")[2]

    @property
    def short_name(self) -> str:
        """Return as much of the hash as tells jobs apart, which is what people read and write."""
        return self.hash[:NAME_CHARACTERS]

    @property
    def may_be_ordered_again(self) -> bool:
        """Whether its paying request may be sent (again) without a person.

        What the vendor never accepted may; what failed may as often as `MAX_ATTEMPTS` says, unless the same
        inputs would only fail again.
        """
        if self.state not in NOT_PAID:
            return False
        if self.task_id is None:
            return True
        return self.attempts < MAX_ATTEMPTS and may_try_again(self.code, self.message)

    @property
    def is_settled(self) -> bool:
        """Whether there is no request to send for it, and no answer to wait for."""
        return self.state is not JobState.RESERVED and not self.may_be_ordered_again

    @property
    def subject(self) -> str:
        """Return the name of who is filmed, or of the motion that becomes a template."""
        return visible(subject_place(self).rstrip("/").rpartition("/")[2])

    @property
    def expected_seconds(self) -> float | None:
        """Return how long its output should be; `None` for a template that was given by its id."""
        seconds: float | None = self.brief.get("expected_seconds", self.brief.get("drive_seconds"))
        return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is ordered: the key, what the books say of it, and the most that it can cost."""

    number_name: ClassVar = "job_id"

    key: str
    kind: str
    service: str
    model: str
    family: str
    brief: dict[str, Any]
    portrait: str = ""
    """The identity of the portrait or the clip; a template has none."""
    drive: str = ""
    """The identity of the sound or the motion."""
    flow_run: str = ""
    price_cny: Decimal = Decimal(0)
    account: str = ""
    """A short hash of the key that it is sent with."""
    settle_seconds: float | None = None
    """How long its doubt must be watched before it can be released."""


def subject_place(job: Job | NewJob) -> str:
    """Return where the portrait or the clip was that is filmed, or the motion that becomes a template."""
    brief = job.brief
    return str(brief.get("portrait") or brief.get("clip") or brief.get("motion") or "")


def read_job(row: Row[Any]) -> Job:
    """Return a row of the table as a value."""
    values = row._asdict()
    values.pop("claim")
    values["state"] = JobState(row.state)
    values["account"] = row.account or ""
    values["brief"] = json.loads(row.brief)
    return Job(**values)


def claim_name(key: str) -> str:
    """Return the name of the lease that the sender of a job holds."""
    return f"{_CLAIM}{key}"


def was_not_accepted() -> ColumnElement[bool]:
    """Return the condition that nothing came of a job: it has no task, and nothing can have been paid."""
    return and_(jobs.c.state.in_(NOT_PAID), jobs.c.task_id.is_(None))


def is_left_in_doubt(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a request was sent, and that nobody awaits its answer any more."""
    is_held = exists().where(
        leases.c.name == literal(_CLAIM) + jobs.c.key,
        leases.c.until > at,
        # One of before the clock was put back says nothing: a living holder's late answer ends the doubt.
        or_(leases.c.renewed_at.is_(None), leases.c.renewed_at <= at),
    )
    return and_(jobs.c.state == JobState.RESERVED, not_(is_held))
