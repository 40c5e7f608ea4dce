"""`greenlight film`."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from greenlight.studio.server import StudioServer
from tests.cli.conftest import Greenlight
from tests.conftest import SAMPLES, make_sound
from tests.steering import add_fault, paid

FIELDS = {
    "state",
    "verdict",
    "verdicts",
    "job",
    "task_id",
    "video",
    "sha256",
    "seconds",
    "cost_cny",
    "cached",
    "error",
}
pytestmark = pytest.mark.usefixtures("settings")


def requests(studio: StudioServer) -> dict[str, int]:
    return dict(httpx.get(f"{studio.url}/_studio/counters").json()["requests"])


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("via", ["here", "prefect"])
def test_a_film_is_one_object_with_its_video(
    greenlight: Greenlight, astronaut: Path, sound: Path, tmp_path: Path, via: str
) -> None:
    ran = greenlight(
        *("film", astronaut, "--model", "emo", "--audio", sound, "--via", via),
        *("--out", tmp_path / "anna.mp4", "--param", "style_level=calm", "--json"),
    )
    assert ran.code == 0, ran.err
    assert set(ran.line) >= FIELDS
    assert ran.line["state"] == "filmed"
    assert ran.line["video"] == str(tmp_path / "anna.mp4")
    assert (tmp_path / "anna.mp4").stat().st_size > 1000
    assert ran.line["verdict"]["face_bbox"] == ran.line["verdicts"][0]["face_bbox"]
    assert ran.line["cost_cny"] == pytest.approx(0.084)


def test_people_read_where_the_video_lies_and_what_it_cost(
    greenlight: Greenlight, astronaut: Path, sound: Path, tmp_path: Path
) -> None:
    ran = greenlight("film", astronaut, "--model", "liveportrait", "--audio", sound)
    assert ran.code == 0, ran.err
    filmed, paid = ran.out.splitlines()
    assert filmed.startswith("Filmed: 1.00 s for 0.02 CNY, stored as ")
    assert paid == "Paid by this run: 0.024 CNY."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nobody.png", "does not exist"),
        (".", "is a directory"),
        ("README.md", "not a picture"),
        ("note.jpg", "not a picture"),
        ("http://127.0.0.1:1/a.png", "cannot be fetched"),
    ],
)
def test_a_bad_portrait_is_one_sentence(
    greenlight: Greenlight, name: str, words: str, tmp_path: Path, studio: StudioServer
) -> None:
    (tmp_path / "note.jpg").write_text("no picture at all")
    place = name if "://" in name else next(p for p in (SAMPLES / name, tmp_path / name))
    place = tmp_path / name if name == "note.jpg" else place
    ran = greenlight("film", place, "--model", "emo")
    assert ran.code == 1
    assert words in ran.err
    assert ran.err.count("\n") == 1
    assert "nothing was spent" in ran.err
    assert requests(studio) == {}


def test_a_sound_that_is_too_long_is_told_before_the_check_is_paid(
    greenlight: Greenlight, astronaut: Path, tmp_path: Path, studio: StudioServer
) -> None:
    long = make_sound(tmp_path / "long.wav", seconds=61)
    ran = greenlight("film", astronaut, "--model", "emo", "--audio", long)
    assert ran.code == 1
    assert "61.00 s long" in ran.err
    assert requests(studio) == {}


def test_a_dry_run_shows_the_check_and_then_the_video_and_sends_neither(
    greenlight: Greenlight, astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    film = ("film", astronaut, "--model", "emo", "--audio", sound, "--dry-run", "--json")
    first = greenlight(*film).line
    assert (first["state"], first["price_cny"]) == ("planned", pytest.approx(0.164))
    assert first["request"]["body"]["model"] == "emo-detect-v1"
    verdict = greenlight("check", astronaut, "--model", "emo", "--json").line
    before = requests(studio)
    second = greenlight(*film).line
    assert second["request"]["body"]["input"]["ext_bbox"] == verdict["ext_bbox"]
    assert second["price_cny"] == pytest.approx(0.16)
    assert requests(studio) == before


def test_an_unknown_parameter_is_named_before_anything_happens(
    greenlight: Greenlight, astronaut: Path, studio: StudioServer
) -> None:
    ran = greenlight("film", astronaut, "--model", "emo", "--param", "mood=good")
    assert ran.code == 1
    assert "mood is not a parameter of emo; choose from style_level" in ran.err
    assert requests(studio) == {}


@pytest.mark.parametrize(
    ("max_cny_per_day", "was_paid"),
    [("0.003", {}), ("0.08", {"emo-detect-v1": 1})],
    ids=["not even the check", "the check alone"],
)
def test_a_day_without_room_refuses_before_anything_is_sent(
    max_cny_per_day: str,
    was_paid: dict[str, int],
    greenlight: Greenlight,
    astronaut: Path,
    sound: Path,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GREENLIGHT_MAX_CNY_PER_DAY", max_cny_per_day)
    ran = greenlight("film", astronaut, "--model", "emo", "--audio", sound, "--json")
    assert (ran.code, ran.line["state"]) == (1, "over_budget")
    assert ran.line["error"]["type"] == "OverBudget"
    assert ran.line["error"]["spent"] is False
    assert f" of {max_cny_per_day} CNY spent" in ran.line["error"]["message"]
    assert ran.line["cost_cny"] == pytest.approx(0.004 * len(was_paid))
    assert paid(studio) == was_paid


def test_a_brief_that_could_come_to_more_than_it_may_is_not_begun(
    greenlight: Greenlight, astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    film = ("film", astronaut, "--model", "emo", "--audio", sound)
    ran = greenlight(*film, "--max-cny", "0.08", "--json")
    assert (ran.code, ran.line["state"]) == (1, "over_budget")
    assert (ran.line["price_cny"], ran.line["error"]["spent"]) == (pytest.approx(0.164), False)
    assert requests(studio) == {}
    assert greenlight(*film, "--max-cny", "-1").code == 2


def test_a_lost_answer_is_ambiguous_and_names_the_next_step(
    greenlight: Greenlight, astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    add_fault(studio, "drop", "create", when="after")
    film = ("film", astronaut, "--model", "liveportrait", "--audio", sound)
    first = greenlight(*film, "--json")
    assert (first.code, first.line["state"], first.line["video"]) == (1, "ambiguous", None)
    assert first.line["error"]["spent"] is True
    again = greenlight(*film)
    assert again.code == 1
    assert again.out.startswith("Ambiguous: the order was sent but its answer was lost")
    assert "`greenlight reconcile`" in again.out
    assert paid(studio) == {"liveportrait-detect": 1, "liveportrait": 1}


def test_another_take_is_another_video_on_purpose(
    greenlight: Greenlight, astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    film = ("film", astronaut, "--model", "liveportrait", "--audio", sound, "--json")
    first = greenlight(*film).line
    second = greenlight(*film, "--take", 2).line
    assert second["state"] == "filmed"
    assert second["video"] != first["video"]
    assert second["cost_cny"] == pytest.approx(0.02)
    assert paid(studio) == {"liveportrait-detect": 1, "liveportrait": 2}
    assert greenlight(*film, "--take", 0).code == 2
