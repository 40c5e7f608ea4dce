"""Read the vendor's tasks: one that was asked for, and pages of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from greenlight.modelstudio.answers import (
    Answer,
    read_output,
    read_payload,
    read_success,
    read_text,
    unfit,
)
from greenlight.modelstudio.error_codes import read_code
from greenlight.modelstudio.redaction import without_secrets
from greenlight.modelstudio.times import read_time


class TaskStatus(StrEnum):
    """The statuses that the documents know; a status is kept as a text, for there may be more."""

    PENDING = "PENDING"
    PRE_PROCESSING = "PRE-PROCESSING"
    RUNNING = "RUNNING"
    POST_PROCESSING = "POST-PROCESSING"
    SUSPENDED = "SUSPENDED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"
    """An id that the vendor does not know, or knows no longer: 24 hours after its creation."""


_LENGTHS: Final = ("video_duration", "duration", "output_video_duration")
_FINISHED: Final = frozenset({TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELED})


class VideoTask(BaseModel):
    """A task as it stands, with its result once it has succeeded.

    The link of the result is signed and lives for 24 hours; it is kept byte for byte, never shown.
    """

    model_config = ConfigDict(frozen=True)

    task_id: str
    status: str
    submit_time: datetime | None = None
    scheduled_time: datetime | None = None
    end_time: datetime | None = None
    video_url: str = Field(default="", repr=False)
    template_id: str = ""
    seconds: float | None = None
    """The length of the output: what is charged."""
    usage: dict[str, Any] = Field(default_factory=dict)
    code: str = ""
    message: str = ""
    request_id: str = ""
    answered_at: datetime | None = None
    """When the vendor said so, by its own clock."""

    @property
    def is_succeeded(self) -> bool:
        """Whether there is a result."""
        return self.status == TaskStatus.SUCCEEDED

    @property
    def is_finished(self) -> bool:
        """Whether nothing will change any more; not so for `UNKNOWN` and statuses never heard of."""
        return self.status in _FINISHED

    @property
    def is_unknown(self) -> bool:
        """Whether the vendor does not know the id; the caller decides what that means."""
        return self.status == TaskStatus.UNKNOWN


class ListedTask(BaseModel):
    """A task in a list: no result, no input."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    status: str
    model_name: str = ""
    submit_time: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    region: str = ""
    request_id: str = ""


class TaskPage(BaseModel):
    """A page of the account's tasks of the last 24 hours."""

    model_config = ConfigDict(frozen=True)

    tasks: tuple[ListedTask, ...]
    total: int | None
    """How many tasks there are on all pages; `None` where the vendor does not say."""
    page_no: int
    page_size: int
    request_id: str = ""
    answered_at: datetime | None = None
    """When the vendor said so, by its own clock."""


def read_task(answer: Answer, task_id: str) -> VideoTask:
    """Return the task that was asked for; a success without its result is a `ProtocolError`."""
    payload = read_payload(answer)
    output = payload.get("output")
    # A failed task is no failed query, wherever its code stands.
    if not (answer.is_success and isinstance(output, dict) and _has_failed(output)):
        payload = read_success(answer)
        output = read_output(answer, payload)
    task = _task_of(payload, output, task_id).model_copy(update={"answered_at": answer.answered_at})
    if task.task_id != task_id or not task.status:
        raise unfit(answer, "it does not tell the status of the task", payload, task_id=task_id)
    if task.is_succeeded and not (task.video_url or task.template_id):
        error = unfit(answer, "the task has succeeded without a result", payload, task_id=task_id)
        error.may_have_cost = True
        raise error
    return task


def read_page(answer: Answer) -> TaskPage:
    """Return a page of tasks; a list's items say `status` and stand under `data`."""
    payload = read_success(answer)
    items = payload.get("data")
    if not isinstance(items, list) or not all(_is_listed(item) for item in items):
        raise unfit(answer, "it is not a list of tasks", payload)
    return TaskPage(
        tasks=tuple(_listed(item) for item in items),
        total=payload["total"] if type(payload.get("total")) is int else None,
        page_no=_count(payload, "page_no", 1),
        page_size=_count(payload, "page_size", len(items)),
        request_id=read_text(payload, "request_id"),
        answered_at=answer.answered_at,
    )


def _task_of(payload: Mapping[str, Any], output: Mapping[str, Any], task_id: str) -> VideoTask:
    usage = payload.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return VideoTask(
        task_id=read_text(output, "task_id") or task_id,
        status=read_text(output, "task_status"),
        submit_time=read_time(output.get("submit_time")),
        scheduled_time=read_time(output.get("scheduled_time")),
        end_time=read_time(output.get("end_time")),
        video_url=_video_url(output),
        template_id=read_text(output, "template_id"),
        seconds=_seconds(usage),
        usage=usage,
        code=read_code(output) or read_code(payload),
        message=without_secrets(read_text(output, "message") or read_text(payload, "message")),
        request_id=read_text(payload, "request_id"),
    )


def _has_failed(output: Mapping[str, Any]) -> bool:
    return output.get("task_status") == TaskStatus.FAILED


def _video_url(output: Mapping[str, Any]) -> str:
    """Return the link wherever the model puts it: in `results`, its first item, or `output`."""
    results = output.get("results")
    if isinstance(results, list):
        results = results[0] if results else None
    if isinstance(results, dict):
        found = read_text(results, "video_url") or read_text(results, "url")
        if found:
            return found
    return read_text(output, "video_url")


def _seconds(usage: Mapping[str, Any]) -> float | None:
    """Return the charged length, under whatever name a model says it.

    Some models say more than one, of which those that do not apply are 0.
    """
    told = [length for name in _LENGTHS if (length := _length(usage.get(name))) is not None]
    return next(filter(None, told), 0.0 if told else None)


def _length(value: object) -> float | None:
    """Return a length of a number or a numeric text; nothing that is endless or negative is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        length = float(value)
    except (ValueError, OverflowError):
        return None
    return length if math.isfinite(length) and length >= 0 else None


def _is_listed(item: object) -> bool:
    return isinstance(item, dict) and bool(read_text(item, "task_id") and read_text(item, "status"))


def _listed(item: Mapping[str, Any]) -> ListedTask:
    return ListedTask(
        task_id=read_text(item, "task_id"),
        status=read_text(item, "status"),
        model_name=read_text(item, "model_name"),
        submit_time=read_time(item.get("gmt_create")),
        start_time=read_time(item.get("start_time")),
        end_time=read_time(item.get("end_time")),
        region=read_text(item, "region"),
        request_id=read_text(item, "request_id"),
    )


def _count(payload: Mapping[str, Any], key: str, default: int) -> int:
    value = payload.get(key)
    return value if type(value) is int else default
