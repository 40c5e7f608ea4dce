"""Every fault happens when and where it was asked for, and is billed as a real one would be."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import av
import httpx
import pytest

from tests.programs import wait_until
from tests.studio.conftest import Customer, Files, until

EMO = "emo-detect-v1"


def film(customer: Customer, files: Files) -> str:
    return customer.submit("liveportrait", image_url=files.astronaut, audio_url=files.sound)


def test_a_throttled_check_carries_the_header_it_was_given(
    customer: Customer, files: Files
) -> None:
    customer.fault("throttle", on="check", retry_after="Wed, 21 Oct 2015 07:28:00 GMT")
    answered = customer.check(EMO, files.astronaut)
    assert (answered.status_code, answered.json()["code"]) == (429, "Throttling.RateQuota")
    assert answered.headers["Retry-After"] == "Wed, 21 Oct 2015 07:28:00 GMT"
    assert customer.check(EMO, files.astronaut).status_code == 200
    assert customer.counters()["answered_429"]["check"] == 1


def test_a_fault_hits_only_its_model_and_only_so_often(customer: Customer, files: Files) -> None:
    customer.fault("error", on="check", model=EMO, times=2, status=503, code="ModelUnavailable")
    assert customer.check("liveportrait-detect", files.astronaut).status_code == 200
    answers = [customer.check(EMO, files.astronaut).status_code for _ in range(3)]
    assert answers == [503, 503, 200]


@pytest.mark.parametrize(("when", "paid"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("fault", ["drop", "error"])
def test_an_answer_is_lost_before_or_after_the_check_was_paid(
    customer: Customer, files: Files, fault: str, when: str, paid: int
) -> None:
    customer.fault(fault, on="check", when=when)
    try:
        assert customer.check(EMO, files.astronaut).status_code == 500
    except httpx.TransportError:
        assert fault == "drop"
    assert customer.counters()["checks_paid"].get(EMO, 0) == paid


@pytest.mark.parametrize(("when", "accepted"), [("before", 0), ("after", 1)])
def test_a_create_is_dropped_before_or_after_it_was_accepted(
    customer: Customer, files: Files, when: str, accepted: int
) -> None:
    customer.fault("drop", on="create", when=when)
    with pytest.raises(httpx.TransportError):
        film(customer, files)
    assert customer.counters()["creates_accepted"].get("liveportrait", 0) == accepted
    until(lambda: not customer.counters()["jobs_open"] or None)


def test_a_dropped_connection_gives_not_one_byte(customer: Customer) -> None:
    customer.fault("drop", on="fetch")
    address = urlsplit(customer.studio.base_url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=5) as raw:
        raw.sendall(
            b"GET /api/v1/tasks/one HTTP/1.1\r\nHost: studio\r\n"
            b"Authorization: Bearer sk-local\r\n\r\n"
        )
        with contextlib.suppress(ConnectionResetError):
            assert raw.recv(100) == b""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slow_answer_is_booked_all_the_same(customer: Customer, files: Files, when: str) -> None:
    customer.fault("slow", on="create", when=when, seconds=0.4)
    began = time.monotonic()
    film(customer, files)
    assert time.monotonic() - began >= 0.4
    assert customer.counters()["creates_accepted"] == {"liveportrait": 1}


def test_a_client_that_goes_away_from_a_slow_answer_has_paid(
    customer: Customer, files: Files
) -> None:
    customer.fault("slow", on="check", seconds=0.5)
    customer.http.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        customer.check(EMO, files.astronaut)
    customer.http.timeout = httpx.Timeout(10)
    wait_until(
        lambda: customer.counters()["checks_paid"] == {EMO: 1}, seconds=10, what="the payment"
    )


def test_a_slow_answer_does_not_hold_up_the_end(
    open_studio: Callable[..., Customer], files: Files
) -> None:
    customer = open_studio()
    customer.fault("slow", on="check", seconds=600)
    customer.http.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        customer.check(EMO, files.astronaut)
    began = time.monotonic()
    customer.studio.stop()
    assert time.monotonic() - began < 5


def test_a_gateways_page_may_come_after_a_create_was_accepted(
    customer: Customer, files: Files
) -> None:
    customer.fault("html", on="create", status=429, retry_after="3")
    page = customer.create("liveportrait", image_url=files.astronaut, audio_url=files.sound)
    assert (page.status_code, page.headers["Retry-After"]) == (429, "3")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert customer.counters()["creates_accepted"] == {"liveportrait": 1}


def test_html_and_cut_json_replace_a_good_answer(customer: Customer, files: Files) -> None:
    customer.fault("html", on="check")
    page = customer.check(EMO, files.astronaut)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    customer.fault("cut_json", on="check")
    cut = customer.check(EMO, files.astronaut)
    assert cut.text.startswith('{"output":{')
    with pytest.raises(json.JSONDecodeError):
        cut.json()
    assert customer.counters()["checks_paid"] == {EMO: 2}


@pytest.mark.parametrize("body", [{"output": {}}, ["passed"], None, "a text, as it is"])
def test_another_answer_comes_in_the_place_of_a_good_one(
    customer: Customer, files: Files, body: object
) -> None:
    customer.fault("answer", on="check", body=body)
    answered = customer.check(EMO, files.astronaut)
    assert answered.status_code == 200
    assert (answered.text if isinstance(body, str) else answered.json()) == body
    customer.fault("answer", on="check", body=body, status=202, when="before")
    assert customer.check(EMO, files.astronaut).status_code == 202
    assert customer.counters()["checks_paid"] == {EMO: 1}


@pytest.mark.parametrize(
    ("shape", "status", "output", "paid"),
    [
        (1, 200, {"check_pass": False, "code": "", "message": ""}, 1),
        (2, 200, {"check_pass": False, "code": "C", "message": "M", "reason": "M"}, 1),
        (3, 200, {"code": "C", "message": "M"}, 1),
        (4, 400, None, 0),
        (5, 400, {"code": "C", "message": "M"}, 0),
    ],
)
def test_a_refusal_comes_in_five_shapes(
    customer: Customer, files: Files, *, shape: int, status: int, output: object, paid: int
) -> None:
    customer.fault("refusal", shape=shape, code="C", message="M")
    answered = customer.check(EMO, files.astronaut)
    body = answered.json()
    assert answered.status_code == status
    assert body.get("output") == output
    assert ("usage" in body) is (status == 200)
    assert (body.get("code") == "C") is (shape == 4)
    assert customer.counters()["checks_paid"].get(EMO, 0) == paid


def test_liveportrait_is_refused_in_its_own_field(customer: Customer, files: Files) -> None:
    customer.fault("refusal", shape=1)
    output = customer.check("liveportrait-detect", files.astronaut).json()["output"]
    assert output["pass"] is False
    assert "check_pass" not in output


def test_a_fetch_tells_what_no_document_knows(customer: Customer, files: Files) -> None:
    task_id = film(customer, files)
    customer.wait(task_id)
    customer.fault("unknown_status", task_status="SUSPENDED")
    assert customer.status(task_id) == "SUSPENDED"
    customer.fault("extra_fields", on="fetch")
    body = customer.fetch(task_id)
    assert all("a_field_of_tomorrow" in part for part in (body, body["output"], body["usage"]))
    customer.fault("code_in_200", on="fetch", code="InternalError.Timeout")
    assert customer.fetch(task_id)["code"] == "InternalError.Timeout"


def test_a_finished_task_lacks_its_link_or_milliseconds(customer: Customer, files: Files) -> None:
    customer.fault("no_url")
    customer.fault("no_milliseconds")
    # Both wait for a task that succeeded, however often it is asked for before.
    first = customer.wait(film(customer, files))
    assert first["output"]["task_status"] == "SUCCEEDED"
    assert "results" not in first["output"]
    assert "." not in first["output"]["end_time"]
    again = customer.fetch(first["output"]["task_id"])
    assert again["output"]["results"]["video_url"]
    assert "." in again["output"]["end_time"]


def test_a_job_fails_with_the_code_it_was_given(customer: Customer, files: Files) -> None:
    customer.fault("job_fails", code="InternalError.Algo", message="Out of ideas.")
    output = customer.wait(film(customer, files))["output"]
    assert (output["task_status"], output["code"]) == ("FAILED", "InternalError.Algo")
    assert output["scheduled_time"]
    assert customer.counters()["cost_cny"] == 0


def test_a_list_lags_behind(customer: Customer, files: Files) -> None:
    customer.fault("list_lag", seconds=0.5)
    began = time.monotonic()
    task_id = film(customer, files)
    assert customer.status(task_id) != "UNKNOWN"
    assert customer.http.get("/tasks").json()["total"] == 0
    until(lambda: customer.http.get("/tasks").json()["total"])
    assert time.monotonic() - began >= 0.5


def test_a_video_comes_dead_cut_or_torn_and_then_whole(customer: Customer, files: Files) -> None:
    url = customer.wait(film(customer, files))["output"]["results"]["video_url"]
    customer.fault("dead_link")
    assert customer.http.get(url).status_code == 404
    customer.fault("truncated_video")
    cut = customer.http.get(url)
    customer.fault("drop", on="result", when="after")
    with pytest.raises(httpx.RemoteProtocolError):
        customer.http.get(url)
    whole = customer.http.get(url)
    assert cut.status_code == 200
    assert cut.content == whole.content[: len(whole.content) // 2]
    path = customer.studio.home / "cut.mp4"
    path.write_bytes(cut.content)
    with pytest.raises(av.error.FFmpegError), av.open(str(path)) as torn:
        list(torn.decode(video=0))


@pytest.mark.parametrize(
    "asked",
    [
        {"fault": "earthquake"},
        {"fault": "throttle", "when": "after"},
        {"fault": "refusal", "on": "create"},
        {"fault": "refusal", "shape": 6},
        {"fault": "drop", "often": True},
        ["drop"],
        "drop",
    ],
)
def test_a_fault_that_cannot_be_is_refused(customer: Customer, asked: Any) -> None:
    answered = customer.http.post(f"{customer.studio.url}/_studio/faults", json=asked)
    assert answered.status_code == 400
    assert answered.json()["error"]


def test_waiting_faults_are_shown_and_a_reset_ends_them(customer: Customer, files: Files) -> None:
    customer.fault("html", times=None)
    shown = customer.http.get(f"{customer.studio.url}/_studio/faults").json()["faults"]
    assert [fault["fault"] for fault in shown] == ["html"]
    customer.check(EMO, files.astronaut)
    reset_url = f"{customer.studio.url}/_studio/reset"
    assert customer.http.post(reset_url).json() == {"reset": True}
    assert customer.check(EMO, files.astronaut).json()["output"]["check_pass"] is True
    assert customer.counters()["checks_paid"] == {EMO: 1}
