"""`greenlight jobs`, `collect`, `reconcile` and `costs`: what the books know, and what is still open."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.studio.server import StudioServer
from tests.cli.conftest import Greenlight, Ran
from tests.steering import add_fault, paid, received

pytestmark = pytest.mark.usefixtures("settings", "prefect_server")


@pytest.fixture
def film(greenlight: Greenlight, astronaut: Path, sound: Path, tmp_path: Path) -> Greenlight:
    """Films the same portrait, with more options where a test needs them."""

    def run(*options: object) -> Ran:
        return greenlight(
            *("film", astronaut, "--model", "liveportrait", "--audio", sound),
            *("--out", tmp_path / "videos", "--json", *options),
        )

    return run


def test_books_without_a_job_say_so(greenlight: Greenlight) -> None:
    assert greenlight("jobs").out == "There are no such jobs in the books.\n"
    assert greenlight("costs").out == "Nothing is in the books.\n"
    assert greenlight("reconcile").out == "No job is in doubt.\n"
    assert greenlight("collect").out == "0 closed, 0 still open.\n"
    for command in ("jobs", "costs", "reconcile", "collect"):
        ran = greenlight(command, "--json")
        assert (ran.code, ran.out) == (0, "")


def test_a_job_that_was_left_is_listed_and_collected_to_where_its_brief_said(
    greenlight: Greenlight, film: Greenlight, tmp_path: Path, studio: StudioServer
) -> None:
    left = film("--wait", 0).line
    assert left["state"] == "filming"
    listed = greenlight("jobs", "--state", "submitted", "--json").line
    assert (listed["job"], listed["task_id"]) == (left["job"], left["task_id"])
    assert listed["reserved_cny"] == pytest.approx(0.02)
    collected = greenlight("collect", "--wait", 20, "--json")
    assert collected.code == 0
    assert collected.line["state"] == "succeeded"
    assert Path(collected.line["video"]).parent == tmp_path / "videos"
    assert Path(collected.line["video"]).stat().st_size > 1000
    assert paid(studio) == {"liveportrait-detect": 1, "liveportrait": 1}


def test_people_read_a_line_a_job(greenlight: Greenlight, film: Greenlight) -> None:
    film()
    (line,) = greenlight("jobs").out.splitlines()
    assert "succeeded · liveportrait · astronaut.png" in line
    assert "0.020 CNY" in line
    assert line.endswith(".mp4")


def test_costs_are_summed_by_day_model_and_outcome(
    greenlight: Greenlight, film: Greenlight
) -> None:
    film()
    sums = {
        (line["model"], line["outcome"]): (line["count"], line["cost_cny"])
        for line in greenlight("costs", "--json").lines
    }
    assert sums == {
        ("liveportrait-detect", "passed"): (1, 0.004),
        ("liveportrait", "filmed"): (1, pytest.approx(0.02)),
    }
    assert "0.024" in greenlight("costs").out


def test_a_lost_answer_is_shown_with_its_candidate_and_adopted_by_hand(
    greenlight: Greenlight, film: Greenlight, studio: StudioServer
) -> None:
    add_fault(studio, "drop", "create", when="after")
    ambiguous = film()
    assert (ambiguous.code, ambiguous.line["state"]) == (1, "ambiguous")
    assert ambiguous.line["error"]["spent"] is True
    doubt = greenlight("reconcile", "--json").line
    assert (doubt["state"], doubt["outcome"]) == ("ambiguous", None)
    (candidate,) = doubt["candidates"]
    name = doubt["job"].rpartition(",")[2][:12]
    assert film("--wait", 0).line["state"] == "ambiguous"
    _wait_until_finished(greenlight)
    adopted = greenlight("reconcile", "--adopt", name, candidate["task_id"], "--json")
    assert (adopted.code, adopted.line["state"]) == (0, "submitted")
    assert film().line["state"] == "filmed"
    assert paid(studio) == {"liveportrait-detect": 1, "liveportrait": 1}


def _wait_until_finished(greenlight: Greenlight) -> None:
    """Look until the only candidate has ended, which decides whether it can be adopted."""
    for _ in range(100):
        (candidate,) = greenlight("reconcile", "--json").line["candidates"]
        if candidate["status"] == "SUCCEEDED":
            return
    raise AssertionError("it never ended")


def test_an_exclusive_account_settles_a_doubt_by_itself(
    greenlight: Greenlight,
    film: Greenlight,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GREENLIGHT_EXCLUSIVE_ACCOUNT", "on")
    add_fault(studio, "drop", "create", when="after")
    assert film().line["state"] == "ambiguous"
    for _ in range(100):
        greenlight("collect", "--wait", 1, "--json")
        (job,) = greenlight("jobs", "--json").lines
        if job["state"] == "succeeded":
            break
    assert job["state"] == "succeeded"
    assert paid(studio) == {"liveportrait-detect": 1, "liveportrait": 1}


def test_a_job_released_by_hand_is_sent_again_by_its_brief(
    greenlight: Greenlight, film: Greenlight, studio: StudioServer
) -> None:
    add_fault(studio, "drop", "create", when="before")
    name = film().line["job"].rpartition(",")[2]
    released = greenlight("reconcile", "--release", name)
    assert released.code == 0
    assert "may be sent again" in released.out
    assert film().line["state"] == "filmed"
    assert paid(studio)["liveportrait"] == 1
    assert received(studio, "create") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("reconcile", "--release", "abcdef"), "no job begins with 'abcdef'"),
        (("reconcile", "--adopt", "abcdef", "task-1"), "no job begins with 'abcdef'"),
    ],
)
def test_an_unknown_job_is_one_sentence(
    greenlight: Greenlight, arguments: tuple[str, ...], words: str
) -> None:
    ran = greenlight(*arguments)
    assert ran.code == 1
    assert words in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("jobs", "--state", "lost"),
        ("costs", "--since", "yesterday"),
        ("reconcile", "--adopt", "abcdef"),
        ("reconcile", "--adopt", "a", "b", "--release", "c"),
        ("collect", "--wait", "-1"),
    ],
)
def test_wrong_usage_ends_with_2(greenlight: Greenlight, arguments: tuple[str, ...]) -> None:
    assert greenlight(*arguments).code == 2


def test_a_day_without_money_left_pays_for_nothing(
    greenlight: Greenlight,
    film: Greenlight,
    astronaut: Path,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GREENLIGHT_MAX_CNY_PER_DAY", "0.003")
    check = greenlight("check", astronaut, "--model", "emo", "--json")
    assert (check.code, check.line["error"]["type"]) == (1, "OverBudget")
    assert check.line["error"]["spent"] is False
    monkeypatch.setenv("GREENLIGHT_MAX_CNY_PER_DAY", "0.01")
    refused = film()
    assert (refused.code, refused.line["state"]) == (1, "over_budget")
    assert refused.line["error"]["spent"] is False
    assert paid(studio) == {"liveportrait-detect": 1}
