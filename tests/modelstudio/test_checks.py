"""No answer but the documented one passes a portrait, whatever the wire brings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from greenlight.modelstudio import catalog
from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.checks import read_check
from greenlight.modelstudio.errors import ModelStudioError, ProtocolError
from greenlight.modelstudio.family import Verdict
from greenlight.modelstudio.question import Question

FACE, AREA = [302, 286, 610, 593], [71, 9, 840, 778]
SIZE = (900, 900)

seeded = settings(derandomize=True, deadline=None, database=None, max_examples=300)
flags: st.SearchStrategy[Any] = st.sampled_from(
    [True, True, True, False, None, 1, "true", [True], {}]
)
codes = st.sampled_from(["", "", "", None, "InvalidFile.NoHuman", "InternalError", "X", 7, [1]])
boxes = st.one_of(
    st.sampled_from([FACE, AREA, None, [], "box", [0, 0, 900, 900], [71, 9, 840, 790]]),
    st.lists(st.integers(-10, 950), min_size=3, max_size=5),
    st.lists(st.floats(0, 900), min_size=4, max_size=4),
)
outputs = st.fixed_dictionaries(
    {},
    optional={
        "check_pass": flags,
        "pass": flags,
        "code": codes,
        "message": st.sampled_from(["", "No human face detected."]),
        "humanoid": flags,
        "bodystyle": st.sampled_from(["full", "half", "", None, "tail", 1]),
        "face_bbox": boxes,
        "ext_bbox": boxes,
        "bbox_face": boxes,
    },
)
bodies = st.fixed_dictionaries(
    {"output": st.one_of(outputs, outputs, outputs, st.sampled_from([None, [], "passed", True]))},
    optional={
        "code": codes,
        "error": st.sampled_from([{"code": "X"}, {}, None, "broken"]),
        "request_id": st.sampled_from(["r", None, 5]),
    },
)
PASSES: dict[str, dict[str, Any]] = {
    "emo": {"check_pass": True, "face_bbox": FACE, "ext_bbox": AREA},
    "liveportrait": {"pass": True, "message": ""},
    "wan-s2v": {"check_pass": True, "humanoid": True},
    "animate-anyone": {"check_pass": True, "bodystyle": "full"},
}


def _read(family: str, status: int, content: bytes) -> Verdict | None:
    """Return the verdict, or `None` where the answer is an error; nothing else may come of it."""
    answer = Answer(status, {"content-type": "application/json"}, content)
    try:
        return read_check(answer, Question.of(catalog.family(family)), picture_size=SIZE)
    except ModelStudioError:
        return None


def _is_box(box: Any) -> bool:
    if not isinstance(box, list) or [type(edge) for edge in box] != [int] * 4:
        return False
    left, top, right, bottom = box
    return bool(0 <= left < right <= SIZE[0] and 0 <= top < bottom <= SIZE[1])


def _is_square(box: Any) -> bool:
    left, top, right, bottom = box
    return bool(abs((right - left) - (bottom - top)) <= 4)


def _is_documented_pass(family: str, status: int, body: Any) -> bool:
    own, other = ("pass", "check_pass") if family == "liveportrait" else ("check_pass", "pass")
    error = body.get("error")
    if status != 200 or body.get("code") or (isinstance(error, dict) and error.get("code")):
        return False
    output = body["output"]
    if not isinstance(output, dict) or output.get(own) is not True or output.get("code"):
        return False
    if output.get(other, True) is not True:
        return False
    if family == "emo":
        face, area = output.get("face_bbox"), output.get("ext_bbox")
        return _is_box(face) and _is_box(area) and _is_square(area)
    if family == "wan-s2v":
        return output.get("humanoid") in (True, False, None)
    return family != "animate-anyone" or output.get("bodystyle") in ("full", "half", "", None)


@pytest.mark.parametrize("family", PASSES)
def test_the_documented_pass_is_a_pass(family: str) -> None:
    verdict = _read(family, 200, json.dumps({"output": PASSES[family], "request_id": "r"}).encode())
    assert verdict is not None
    assert verdict.passed
    assert (verdict.model, verdict.by, verdict.request_id) == (family, "vendor", "r")


@seeded
@given(family=st.sampled_from(list(PASSES)), status=st.sampled_from([200, 200, 400]), body=bodies)
@example(family="emo", status=200, body={"output": PASSES["emo"], "code": 7})
@example(family="emo", status=200, body={"output": {**PASSES["emo"], "code": [1]}})
def test_nothing_but_the_documented_pass_is_a_pass(family: str, status: int, body: Any) -> None:
    verdict = _read(family, status, json.dumps(body).encode())
    if verdict is not None and verdict.passed:
        assert _is_documented_pass(family, status, body)


@seeded
@given(
    family=st.sampled_from(list(PASSES)),
    status=st.integers(200, 599),
    content=st.binary(max_size=60),
)
@example(family="emo", status=200, content=b"[" * 100_000)
@example(family="emo", status=200, content=b'{"output":{"check_pass":' + b"9" * 5000 + b"}}")
@example(family="emo", status=200, content=b'\xff\xfe{"output":{"check_pass":true}}')
def test_no_heap_of_bytes_is_a_pass(family: str, status: int, content: bytes) -> None:
    verdict = _read(family, status, content)
    assert verdict is None or not verdict.passed


@seeded
@given(family=st.sampled_from(list(PASSES)), status=st.sampled_from([201, 204, 301, 400, 403, 500]))
def test_a_pass_with_another_status_than_success_is_none(family: str, status: int) -> None:
    verdict = _read(family, status, json.dumps({"output": PASSES[family]}).encode())
    assert verdict is None or not verdict.passed


@pytest.mark.parametrize("family", PASSES)
@pytest.mark.parametrize("other", PASSES)
def test_a_pass_of_another_family_is_read_by_this_family_alone(family: str, other: str) -> None:
    verdict = _read(family, 200, json.dumps({"output": PASSES[other]}).encode())
    same_field = (family == "liveportrait") == (other == "liveportrait")
    expected = family == other or (same_field and family != "emo")
    assert (verdict is not None and verdict.passed) == expected


@pytest.mark.parametrize(
    ("area", "ratio", "fits"),
    [
        ([0, 0, 600, 800], "3:4", True),
        ([0, 0, 601, 799], "3:4", True),
        ([0, 0, 603, 800], "3:4", True),
        ([0, 0, 604, 800], "3:4", False),
        ([0, 0, 600, 600], "3:4", False),
        ([0, 0, 600, 604], "1:1", True),
        ([0, 0, 600, 605], "1:1", False),
        ([0, 0, 800, 600], "3:4", False),
    ],
)
def test_the_outer_box_fits_the_ratio_but_for_rounding(
    area: list[int], ratio: str, *, fits: bool
) -> None:
    output = {"check_pass": True, "face_bbox": [10, 10, 90, 90], "ext_bbox": area}
    answer = Answer(200, {}, json.dumps({"output": output}).encode())
    question = Question.of(catalog.family("emo"), ratio=ratio)
    if fits:
        verdict = read_check(answer, question, picture_size=None)
        assert verdict.passed
        return
    with pytest.raises(ProtocolError, match="ratio"):
        read_check(answer, question, picture_size=None)
