"""What is read of an answer can be written down, and costs what is said of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from greenlight.ledger import schema
from greenlight.modelstudio import answers, error_codes
from greenlight.modelstudio.answers import Answer, read_output, read_payload
from greenlight.modelstudio.errors import ModelStudioError, ProtocolError
from greenlight.modelstudio.submissions import leaves_doubt, read_submission


def answer(payload: Any, status: int = 200) -> Answer:
    return Answer(status, {}, json.dumps(payload).encode())


def test_texts_are_such_that_any_database_takes_them_wherever_they_stand() -> None:
    told = {"a\x00": [{"b": "x\ud800y"}], "message": "m" * 9000, "n": 1, "t": True, "0": None}
    assert read_payload(answer(told)) == {
        "a\ufffd": [{"b": "x\ufffdy"}],
        "message": "m" * 9000,
        "n": 1,
        "t": True,
        "0": None,
    }


def test_a_character_beyond_the_first_plane_stays_whole() -> None:
    assert read_payload(answer({"reason": "a 😀 face"})) == {"reason": "a 😀 face"}


def test_a_request_id_is_as_long_as_the_ledger_has_room_for() -> None:
    told = read_payload(answer({"request_id": "r" * 500}))
    assert told["request_id"] == "r" * schema.jobs.c.request_id.type.length


def test_what_is_kept_of_an_answer_fits_into_the_ledger() -> None:
    room = {name: schema.jobs.c[name].type.length for name in answers._LONGEST}
    assert room == answers._LONGEST
    assert schema.checks.c.request_id.type.length == answers._LONGEST["request_id"]
    assert schema.jobs.c.code.type.length == error_codes._LONGEST_CODE


@pytest.mark.parametrize("code", ["c" * 500, 10**1000, ["c"] * 500])
def test_every_code_fits_into_the_ledger(code: Any) -> None:
    assert len(error_codes.read_code({"code": code})) == error_codes._LONGEST_CODE


@pytest.mark.parametrize("name", ["task_id", "template_id"])
@pytest.mark.parametrize("text", ["a\x00", "a\ud800", "a" * 256])
def test_an_id_that_would_be_another_one_when_written_down_is_an_error(
    name: str, text: str
) -> None:
    told = answer({"output": {name: text}})
    with pytest.raises(ProtocolError, match=f"its {name} cannot be written down"):
        read_output(told, read_payload(told))


def test_an_answer_that_is_nested_too_deeply_is_an_error() -> None:
    with pytest.raises(ProtocolError):
        read_payload(Answer(200, {}, b'{"a":' * 800 + b"1" + b"}" * 800))


@pytest.mark.parametrize("status", [200, 400, 500, 503])
@pytest.mark.parametrize(
    "code", ["Throttling.RateQuota", "InvalidParameter", "InternalError.Algo", "NeverHeard", "503"]
)
def test_a_create_request_that_failed_may_have_cost_only_what_is_kept_as_a_doubt(
    status: int, code: str
) -> None:
    with pytest.raises(ModelStudioError) as caught:
        read_submission(answer({"code": code, "message": "No."}, status))
    if status < 500:
        # A doubt has a sentence of its own, which says so of the rest.
        assert caught.value.may_have_cost is leaves_doubt(caught.value)
        assert ("may have cost" in str(caught.value)) is leaves_doubt(caught.value)
    else:
        assert leaves_doubt(caught.value)
