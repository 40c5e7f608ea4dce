"""`greenlight check`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from greenlight.settings import Settings
from greenlight.studio.server import StudioServer, StudioSettings
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.conftest import SAMPLES
from tests.steering import add_fault, received

FIELDS = {
    "portrait",
    "model",
    "service",
    "passed",
    "by",
    "code",
    "reason",
    "cached",
    "request_id",
    "opinion",
    "cost_cny",
    "error",
}
TWO = SAMPLES / "made_two.jpg"


def paid(studio: StudioServer) -> int:
    counters = httpx.get(f"{studio.url}/_studio/counters").json()
    return sum(counters["checks_paid"].values())


@pytest.mark.usefixtures("settings")
def test_a_verdict_is_one_object_a_line(greenlight: Greenlight, astronaut: Path) -> None:
    ran = greenlight("check", astronaut, "--model", "emo", "--json")
    assert ran.code == 0
    assert set(ran.line) >= FIELDS | {"face_bbox", "ext_bbox"}
    assert ran.line["passed"] is True
    assert (ran.line["by"], ran.line["cached"], ran.line["cost_cny"]) == ("vendor", False, 0.004)


@pytest.mark.usefixtures("settings")
def test_a_second_check_is_free(
    greenlight: Greenlight, astronaut: Path, studio: StudioServer
) -> None:
    first = greenlight("check", astronaut, "--model", "emo", "--json").line
    second = greenlight("check", astronaut, "--model", "emo", "--json").line
    assert (second["cached"], second["cost_cny"]) == (True, 0)
    assert second["request_id"] == first["request_id"]
    assert paid(studio) == 1


@pytest.mark.usefixtures("settings")
def test_fresh_pays_again_on_purpose(
    greenlight: Greenlight, astronaut: Path, studio: StudioServer
) -> None:
    for _ in range(2):
        line = greenlight("check", astronaut, "--model", "emo", "--fresh", "--json").line
        assert line["cost_cny"] == 0.004
    assert paid(studio) == 2


@pytest.mark.usefixtures("settings")
def test_every_source_and_model_has_its_line_in_order(greenlight: Greenlight) -> None:
    sources = [SAMPLES / "coffee.png", "nobody.png", SAMPLES / "astronaut.png"]
    ran = greenlight("check", *sources, "--model", "liveportrait", "--model", "wan-s2v", "--json")
    assert ran.code == 1
    told = [(Path(line["portrait"]).name, line["model"], line["passed"]) for line in ran.lines]
    assert told == [
        ("coffee.png", "liveportrait", False),
        ("coffee.png", "wan-s2v", False),
        ("nobody.png", "liveportrait", None),
        ("nobody.png", "wan-s2v", None),
        ("astronaut.png", "liveportrait", True),
        ("astronaut.png", "wan-s2v", True),
    ]
    error = ran.lines[2]["error"]
    assert (error["type"], error["spent"]) == ("InputError", False)
    assert "does not exist" in error["message"]


@pytest.mark.usefixtures("settings")
def test_a_refusal_is_no_failure(greenlight: Greenlight) -> None:
    ran = greenlight("check", SAMPLES / "chelsea.png", "--model", "emo", "--json")
    assert ran.code == 0
    assert (ran.line["passed"], ran.line["by"], ran.line["cost_cny"]) == (False, "preflight", 0)
    assert ran.line["code"] == "InvalidFile.Resolution"


@pytest.mark.usefixtures("settings")
def test_the_half_body_ratio_is_asked_for(greenlight: Greenlight, astronaut: Path) -> None:
    line = greenlight("check", astronaut, "--model", "emo", "--ratio", "3:4", "--json").line
    left, top, right, bottom = line["ext_bbox"]
    assert (right - left) / (bottom - top) == pytest.approx(0.75, abs=0.02)


@pytest.mark.usefixtures("settings")
def test_people_read_a_sentence_a_verdict(greenlight: Greenlight, astronaut: Path) -> None:
    ran = greenlight("check", astronaut, SAMPLES / "coffee.png", "--model", "animate-anyone")
    passed, refused = ran.out.splitlines()
    assert passed.startswith(f"✓ {astronaut} · animate-anyone: passed, half body (0.004 CNY")
    assert "refused by the vendor, The input image has no human body." in refused


@pytest.mark.usefixtures("settings")
def test_the_judges_opinion_is_added_on_request_and_marked_as_its_own(
    greenlight: Greenlight,
) -> None:
    models = ("--model", "emo", "--model", "liveportrait", "--model", "animate-anyone")
    plain = greenlight("check", TWO, *models)
    assert "opinion" not in plain.out
    assert "refused by the vendor, no reason given; --explain adds what " in plain.out
    emo, liveportrait, told = greenlight("check", TWO, *models, "--explain").out.splitlines()
    assert (
        "refused by the vendor, no reason given; local judge: two people "
        "are in the picture; crop it to one person (known, 0 CNY, request "
    ) in emo
    assert "passed" in liveportrait
    assert "opinion" not in liveportrait + told


@pytest.mark.usefixtures("settings")
def test_the_opinion_is_a_field_that_is_null_where_there_is_none(
    greenlight: Greenlight, astronaut: Path
) -> None:
    sources = (TWO, astronaut, "gone.png")
    lines = greenlight("check", *sources, "--model", "emo", "--explain", "--json").lines
    assert [line["opinion"] for line in lines] == [
        {"words": "two people are in the picture", "advice": "crop it to one person"},
        None,
        None,
    ]
    for line in greenlight("check", *sources, "--model", "emo", "--json").lines:
        assert line["opinion"] is None


@pytest.mark.usefixtures("settings")
def test_a_code_without_words_is_explained_too(
    greenlight: Greenlight, studio: StudioServer
) -> None:
    add_fault(studio, "refusal", "check", shape=3, code="InvalidPerson", message="")
    ran = greenlight("check", TWO, "--model", "emo", "--explain")
    assert "InvalidPerson; local judge: two people are in the picture" in ran.out


@pytest.mark.usefixtures("settings")
def test_a_refusal_that_the_judge_cannot_explain_has_no_opinion(
    greenlight: Greenlight, studio: StudioServer, astronaut: Path
) -> None:
    add_fault(studio, "refusal", "check", shape=1)
    ran = greenlight("check", astronaut, "--model", "emo", "--explain")
    assert "refused by the vendor, no reason given (0.004 CNY" in ran.out


@pytest.mark.usefixtures("settings")
def test_a_portrait_in_a_bucket_is_explained_and_remembered(
    greenlight: Greenlight, bucket: Bucket, tmp_path: Path
) -> None:
    place = bucket.put("in/two.jpg", TWO.read_bytes())
    asked = ("check", place, "--model", "emo", "--explain", "--json")
    first = greenlight(*asked).line
    assert first["opinion"]["words"] == "two people are in the picture"
    assert greenlight(*asked).line["opinion"] == first["opinion"]
    page = tmp_path / "report.html"
    greenlight("report", "--out", page)
    assert "two people are in the picture" in page.read_text()
    assert "data:image/jpeg;base64," in page.read_text()


LOADED = """
import sys
from cli.main import main
sys.argv = ["greenlight", "check", *sys.argv[1:]]
try:
    main()
finally:
    unwanted = {"greenlight.judge", "greenlight.screening.opinions", "numpy", "jinja2"}
    print(sorted(unwanted & set(sys.modules)))
"""


def test_a_plain_check_loads_no_judge(settings: Settings) -> None:
    surroundings = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, str(TWO), "--model", "emo"],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout.splitlines()[-1] == "[]", ran.stderr


def test_without_a_key_it_ends_and_names_the_studio(
    greenlight: Greenlight, astronaut: Path
) -> None:
    ran = greenlight("check", astronaut, "--model", "emo")
    assert ran.code == 1
    assert "greenlight studio" in ran.err
    assert "spent" not in ran.err
    assert ran.out == ""


@pytest.mark.usefixtures("settings")
def test_a_wrong_key_is_an_error_of_every_line_that_needed_it(
    greenlight: Greenlight, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    greenlight("check", astronaut, "--model", "emo")
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-wrong-secret")
    ran = greenlight("check", astronaut, "--model", "emo", "--model", "wan-s2v", "--json")
    assert ran.code == 1
    known, refused = ran.lines
    assert (known["cached"], known["error"]) == (True, None)
    assert refused["error"]["type"] == "AuthenticationError"
    assert refused["error"]["spent"] is False
    assert "Beijing" in refused["error"]["message"]
    assert "sk-wrong-secret" not in ran.out + ran.err


@pytest.mark.usefixtures("settings")
def test_what_is_known_is_told_also_after_a_key_was_refused(
    greenlight: Greenlight, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    greenlight("check", astronaut, "--model", "emo")
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-wrong-secret")
    # So many that the last ones begin after the refusal of the first.
    refused, *known = greenlight("check", TWO, *[astronaut] * 20, "--model", "emo", "--json").lines
    assert refused["error"]["type"] == "AuthenticationError"
    assert [line["cached"] for line in known] == [True] * 20


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Model.AccessDenied", "Model access denied."),
        ("AccessDenied", "Access denied."),
    ],
)
def test_a_model_that_is_denied_does_not_keep_another_from_being_asked(
    code: str,
    message: str,
    greenlight: Greenlight,
    astronaut: Path,
    tmp_path: Path,
    studio: StudioServer,
) -> None:
    denied = {"status": 403, "code": code, "message": message, "model": "emo-detect-v1"}
    add_fault(studio, "error", "check", times=None, **denied)
    # So many that the last ones begin after the refusal of the first.
    portraits = [tmp_path / f"{number}.png" for number in range(20)]
    for number, portrait in enumerate(portraits):
        portrait.write_bytes(astronaut.read_bytes() + bytes([number]))
    ran = greenlight("check", *portraits, "--model", "emo", "--model", "wan-s2v", "--json")
    told = [(line["model"], line["passed"], bool(line["error"])) for line in ran.lines]
    assert told == [("emo", None, True), ("wan-s2v", True, False)] * 20


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Throttling.AllocationQuota", "Free allocated quota exceeded."),
        ("insufficient_quota", "Your token-plan quota has been exhausted."),
    ],
)
def test_a_quota_that_is_spent_is_asked_for_once(
    code: str, message: str, greenlight: Greenlight, astronaut: Path, studio: StudioServer
) -> None:
    add_fault(studio, "error", "check", times=None, status=429, code=code, message=message)
    line = greenlight("check", astronaut, "--model", "emo", "--json").line
    assert (line["error"]["type"], line["error"]["spent"]) == ("AccountError", False)
    assert received(studio, "check") == 1


@pytest.mark.usefixtures("settings")
def test_another_service_is_asked_anew(
    greenlight: Greenlight, astronaut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    greenlight("check", astronaut, "--model", "emo")
    with StudioServer(StudioSettings(home=tmp_path / "other studio")) as other:
        monkeypatch.setenv("DASHSCOPE_HTTP_BASE_URL", other.base_url)
        line = greenlight("check", astronaut, "--model", "emo", "--json").line
        assert (line["cached"], paid(other)) == (False, 1)


@pytest.mark.usefixtures("settings")
def test_the_signature_of_a_link_is_not_printed(greenlight: Greenlight) -> None:
    url = "http://127.0.0.1:1/anna.png?Signature=abc123"
    ran = greenlight("check", url, "--model", "emo", "--json")
    assert ran.code == 1
    assert ran.line["portrait"] == "http://127.0.0.1:1/anna.png"
    assert "abc123" not in ran.out + ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "a.png", "--model", "veo"],
        ["check", "a.png", "--model", "emo", "--ratio", "2:1"],
        ["check", "a.png", "--model", "emo", "--deployment", "mine"],
        ["check", "a.png", "--model", "emo", "--deployment", "emo-v1=mi\nne"],
        ["check", "a.png", "--model", "emo", "--deployment", f"emo-v1={'x' * 129}"],
        ["film", "a.png", "--model", "emo", "--deployment", "emo-v1=mi\x00ne"],
        ["sweep", "a", "--model", "emo", "--deployment", "emo-v1=mi\x1bne"],
        ["check", "a.png", "--model", "emo", "--loud"],
        ["film"],
        ["film", "a.png", "--model", "veo"],
        ["film", "a.png", "--model", "emo", "--take", "0"],
        ["chek"],
    ],
)
def test_wrong_usage_ends_with_2(greenlight: Greenlight, arguments: list[str]) -> None:
    ran = greenlight(*arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_a_setting_that_makes_no_sense_is_named(
    greenlight: Greenlight, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENLIGHT_POLL_SECONDS", "soon")
    ran = greenlight("check", astronaut, "--model", "emo")
    assert ran.code == 1
    assert "GREENLIGHT_POLL_SECONDS" in ran.err
