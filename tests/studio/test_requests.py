"""Requests are received, and refused, as the vendor's documents say."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.studio.conftest import AROUND, FACE, IMAGE2VIDEO, Customer, Files

CHECKS = {
    "emo-detect-v1": "face-detect",
    "liveportrait-detect": "face-detect",
    "wan2.2-s2v-detect": "face-detect",
    "animate-anyone-detect-gen2": "aa-detect",
}


def told(response: httpx.Response) -> tuple[int, str, str]:
    """Return status, code and message of an error, which has a request id and nothing else."""
    body = response.json()
    assert set(body) == {"code", "message", "request_id"}
    return response.status_code, body["code"], body["message"]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("model", "function"), CHECKS.items())
def test_a_portrait_passes_with_and_without_a_slash(
    customer: Customer, files: Files, model: str, function: str, slash: str
) -> None:
    answered = customer.check(model, files.astronaut, function=function + slash)
    body = answered.json()
    assert answered.status_code == 200
    assert body["output"].get("check_pass", body["output"].get("pass")) is True
    assert body["usage"] == {"image_count": 1}
    assert UUID(body["request_id"])


@pytest.mark.parametrize("path", ["/tasks", "/tasks/one", "/uploads?action=getPolicy&model=emo-v1"])
def test_gets_take_a_slash_too(customer: Customer, path: str) -> None:
    with_slash = path.replace("?", "/?") if "?" in path else f"{path}/"
    assert customer.http.get(path).status_code == 200
    assert customer.http.get(with_slash).status_code == 200


def test_emo_takes_its_ratio_or_the_default_one(customer: Customer, files: Files) -> None:
    boxes = [
        customer.check("emo-detect-v1", files.astronaut, **asked).json()["output"]["ext_bbox"]
        for asked in ({}, {"ratio": "1:1"}, {"ratio": "3:4"})
    ]
    assert boxes[0] == boxes[1]
    assert boxes[2] != boxes[1]


def test_another_ratio_is_refused(customer: Customer, files: Files) -> None:
    answered = customer.check("emo-detect-v1", files.astronaut, ratio="16:9")
    assert told(answered)[:2] == (400, "InvalidParameter.Ratio")


def test_a_missing_and_a_wrong_key_are_told_apart(customer: Customer) -> None:
    wrong = customer.http.get("/tasks", headers={"Authorization": "Bearer sk-other"})
    del customer.http.headers["Authorization"]
    missing = customer.http.get("/tasks")
    assert told(missing) == (401, "InvalidApiKey", "No API-key provided.")
    assert told(wrong) == (401, "InvalidApiKey", "Invalid API-key provided.")


def test_nothing_without_a_key_is_billed(customer: Customer, files: Files) -> None:
    customer.http.headers["Authorization"] = "Bearer sk-other"
    assert customer.check("emo-detect-v1", files.astronaut).status_code == 401
    assert customer.create("liveportrait", image_url=files.astronaut).status_code == 401
    counters = customer.counters()
    assert (counters["checks_paid"], counters["creates_accepted"]) == ({}, {})


def test_a_check_must_not_be_asynchronous(customer: Customer, files: Files) -> None:
    answered = customer.check(
        "emo-detect-v1", files.astronaut, headers={"X-DashScope-Async": "enable"}
    )
    text = "Current user api does not support asynchronous calls."
    assert told(answered) == (403, "AccessDenied", text)


def test_a_create_must_be_asynchronous(customer: Customer, files: Files) -> None:
    answered = customer.create(
        "liveportrait", headers={"X-DashScope-Async": ""}, image_url=files.astronaut
    )
    text = "current user api does not support synchronous calls."
    assert told(answered) == (403, "AccessDenied", text)


@pytest.mark.parametrize(
    ("model", "function"),
    [
        ("emo-v1-detect", "face-detect"),
        ("emo-v1", "face-detect"),
        ("emo-detect-v1", "aa-detect"),
        ("emo-detect-v1", "video-synthesis"),
        ("animate-anyone-gen2", "aa-template-generation"),
    ],
)
def test_a_model_that_is_not_there_does_not_exist(
    customer: Customer, files: Files, model: str, function: str
) -> None:
    answered = customer.check(model, files.astronaut, function=function)
    assert told(answered) == (400, "InvalidParameter", "Model not exist.")


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"input": {"image_url": "http://a/b"}}, "BadRequest.EmptyModel", "model"),
        ({"model": "emo-detect-v1"}, "BadRequest.EmptyInput", "input"),
        ({"model": "emo-detect-v1", "input": {}}, "InvalidParameter", "input.image_url"),
        (
            {"model": "emo-detect-v1", "input": {"image_url": "x"}, "parameters": 7},
            "InvalidParameter",
            "parameters",
        ),
        ([1, 2], "InvalidParameter", "body"),
    ],
)
def test_a_body_without_its_fields_is_refused(
    customer: Customer, body: Any, code: str, words: str
) -> None:
    answered = customer.http.post(f"{IMAGE2VIDEO}/face-detect", json=body)
    status, told_code, message = told(answered)
    assert (status, told_code) == (400, code)
    assert words in message


def test_a_body_that_is_no_json_or_too_large_is_refused(customer: Customer) -> None:
    path = f"{IMAGE2VIDEO}/face-detect"
    assert told(customer.http.post(path, content=b"{"))[:2] == (400, "InvalidParameter")
    huge = b'{"model": "' + b"x" * 2_000_000
    assert told(customer.http.post(path, content=huge))[:2] == (400, "BadRequest.TooLarge")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", f"{IMAGE2VIDEO}/aa-video-generation", 404),
        ("GET", f"{IMAGE2VIDEO}/face-detect", 405),
    ],
)
def test_other_addresses_are_not_found(
    customer: Customer, method: str, path: str, status: int
) -> None:
    assert told(customer.http.request(method, path))[0] == status


def test_fields_that_nobody_knows_are_ignored(customer: Customer, files: Files) -> None:
    task_id = customer.submit(
        "emo-v1",
        image_url=files.astronaut,
        audio_url=files.sound,
        face_bbox=FACE,
        ext_bbox=AROUND,
        prompt=None,
        extend_prompt=True,
        function="video-synthesis",
        parameters={"style_level": "calm", "size": "big"},
    )
    assert customer.wait(task_id)["output"]["task_status"] == "SUCCEEDED"


def test_a_deployment_of_ones_own_answers_by_its_name(open_studio: Any, files: Files) -> None:
    customer = open_studio(deployments={"my-emo": "emo-detect-v1"})
    assert customer.check("my-emo", files.astronaut).json()["output"]["check_pass"] is True
    assert customer.counters()["checks_paid"] == {"my-emo": 1}
    assert customer.counters()["cost_cny"] == 0
