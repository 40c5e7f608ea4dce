"""Tasks are listed with the filters, windows and pages of the vendor's document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from greenlight.modelstudio.times import CHINA
from tests.studio.conftest import Customer, Files


def listed(customer: Customer, **query: str | int) -> dict[str, Any]:
    answered = customer.http.get("/tasks", params=query)
    assert answered.status_code == 200, answered.text
    return dict(answered.json())


def written(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y%m%d%H%M%S}"


@pytest.fixture
def tasks(customer: Customer, files: Files) -> list[str]:
    """Three tasks: one that succeeded, then two that failed."""
    good = {"image_url": files.astronaut, "audio_url": files.sound}
    ids = [
        customer.submit("liveportrait", **good),
        customer.submit("liveportrait"),
        customer.submit("emo-v1"),
    ]
    for task_id in ids:
        customer.wait(task_id)
    return ids


def test_a_listed_task_has_the_documented_fields(customer: Customer, tasks: list[str]) -> None:
    before_ms = datetime.now(UTC).timestamp() * 1000 - 60_000
    entry = listed(customer, task_id=tasks[0])["data"][0]
    assert set(entry) == {
        "api_key_id",
        "caller_parent_id",
        "caller_uid",
        "gmt_create",
        "start_time",
        "end_time",
        "model_name",
        "region",
        "request_id",
        "status",
        "task_id",
        "user_api_unique_key",
    }
    assert before_ms < entry["gmt_create"] <= entry["start_time"] <= entry["end_time"]
    assert entry["status"] == "SUCCEEDED"
    assert entry["user_api_unique_key"].endswith("image2video:video-synthesis:liveportrait")


def test_times_are_beijing_text_in_a_fetch(customer: Customer, tasks: list[str]) -> None:
    submitted = listed(customer, task_id=tasks[0])["data"][0]["gmt_create"]
    text = customer.fetch(tasks[0])["output"]["submit_time"]
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=CHINA)
    assert moment.timestamp() * 1000 == pytest.approx(submitted, abs=0.5)


def test_filters_choose(customer: Customer, tasks: list[str]) -> None:
    def ids(**query: str) -> list[str]:
        return [entry["task_id"] for entry in listed(customer, **query)["data"]]

    assert ids() == tasks[::-1]
    assert ids(model_name="liveportrait") == [tasks[1], tasks[0]]
    assert ids(status="FAILED") == [tasks[2], tasks[1]]
    assert ids(status="FAILED", model_name="emo-v1") == [tasks[2]]
    assert ids(task_id="other") == []


def test_pages_are_cut(customer: Customer, tasks: list[str]) -> None:
    second = listed(customer, page_no=2, page_size=2)
    assert [entry["task_id"] for entry in second["data"]] == [tasks[0]]
    assert (second["total"], second["total_page"], second["page_no"]) == (3, 2, 2)
    assert listed(customer, page_no=3, page_size=2)["data"] == []


def test_windows_are_in_beijing_time_and_inclusive(customer: Customer, tasks: list[str]) -> None:
    created = [entry["gmt_create"] for entry in listed(customer)["data"]]
    first = datetime.fromtimestamp(min(created) / 1000, UTC)
    last = datetime.fromtimestamp(max(created) / 1000, UTC)
    assert listed(customer, start_time=written(first), end_time=written(last))["total"] == 3
    later = last + timedelta(minutes=1)
    until = later + timedelta(hours=1)
    assert listed(customer, start_time=written(later), end_time=written(until))["total"] == 0
    assert listed(customer, end_time=written(first - timedelta(seconds=2)))["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        {"page_no": "0"},
        {"page_size": "ten"},
        {"start_time": "2026-01-01"},
        {"start_time": "20260101000000", "end_time": "20260103000000"},
        {"start_time": "20260102000000", "end_time": "20260101000000"},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(customer: Customer, query: dict[str, str]) -> None:
    answered = customer.http.get("/tasks", params=query)
    assert (answered.status_code, answered.json()["code"]) == (400, "InvalidParameter")
