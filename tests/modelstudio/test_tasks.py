"""A task is finished, or it is not, and what it has made is never shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.tasks import TaskStatus, VideoTask

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", TaskStatus)
def test_only_three_statuses_are_final_and_one_is_a_success(status: TaskStatus) -> None:
    task = VideoTask(task_id="t", status=status)
    assert task.is_finished == (status in {"SUCCEEDED", "FAILED", "CANCELED"})
    assert task.is_succeeded == (status == "SUCCEEDED")
    assert task.is_unknown == (status == "UNKNOWN")


@pytest.mark.parametrize("status", ["CANCELLED", "succeeded", "QUEUED", ""])
def test_a_status_never_heard_of_is_not_final(status: str) -> None:
    task = VideoTask(task_id="t", status=status)
    assert (task.is_finished, task.is_succeeded, task.is_unknown) == (False, False, False)


def test_a_task_does_not_show_its_signed_link() -> None:
    link = "http://example.com/v.mp4?Expires=1&Signature=hidden"
    task = VideoTask(task_id="t", status="SUCCEEDED", video_url=link)
    assert "hidden" not in f"{task} {task!r}"
    assert VideoTask.model_validate_json(task.model_dump_json()) == task
    assert task.video_url == link


@pytest.mark.parametrize(
    "seconds", [True, "a while", "", "-1", "nan", "inf", -1, None, float("inf"), [13]]
)
async def test_a_length_that_is_none_is_not_believed(
    seconds: Any, vendor: Any, studio: ModelStudio
) -> None:
    output = {"task_id": "t", "task_status": "SUCCEEDED", "video_url": "http://example.com/v.mp4"}
    vendor.answer(200, {"output": output, "usage": {"video_duration": seconds}})
    assert (await studio.fetch("t")).seconds is None


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [
        ({"video_duration": 0, "duration": 15}, 15.0),
        ({"video_duration": 5.2, "duration": 15}, 5.2),
        ({"video_duration": -1, "duration": 15}, 15.0),
        ({"video_duration": "0", "duration": "18.13"}, 18.13),
        ({"duration": 0, "output_video_duration": 15}, 15.0),
        ({"input_video_duration": 15}, None),
        ({"video_duration": 0}, 0.0),
        ({}, None),
    ],
)
async def test_the_length_is_the_first_that_says_more_than_nothing(
    usage: dict[str, Any], seconds: float | None, vendor: Any, studio: ModelStudio
) -> None:
    output = {"task_id": "t", "task_status": "SUCCEEDED", "video_url": "http://example.com/v.mp4"}
    vendor.answer(200, {"output": output, "usage": usage})
    assert (await studio.fetch("t")).seconds == seconds


async def test_an_odd_task_id_stays_one_part_of_the_path(vendor: Any, studio: ModelStudio) -> None:
    vendor.answer(200, {"output": {"task_id": "a/b?c", "task_status": "RUNNING"}})
    await studio.fetch("a/b?c")
    assert vendor.received[0].path == "/api/v1/tasks/a%2Fb%3Fc"


@pytest.mark.parametrize("task_id", ["", ".", ".."])
async def test_a_task_without_an_id_is_not_asked_for(
    task_id: str, vendor: Any, studio: ModelStudio
) -> None:
    with pytest.raises(ValueError, match="id"):
        await studio.fetch(task_id)
    with pytest.raises(ValueError, match="id"):
        await studio.cancel(task_id)
    assert vendor.received == []


@pytest.mark.parametrize("hours", [-1, 25])
async def test_a_window_that_the_vendor_does_not_take_is_not_sent(
    hours: int, vendor: Any, studio: ModelStudio
) -> None:
    with pytest.raises(ValueError, match="24 hours"):
        await studio.list_tasks(start=NOON, end=NOON + timedelta(hours=hours))
    with pytest.raises(ValueError, match="zone"):
        await studio.list_tasks(start=NOON.replace(tzinfo=None))
    assert vendor.received == []
