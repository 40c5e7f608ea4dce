"""`greenlight collect`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenlight.ledger import JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from tests.cli.books import ambiguous, booked, submitted
from tests.cli.conftest import Greenlight
from tests.production import Production, produce
from tests.steering import add_fault

UNKNOWN_TASK = "11111111-2222-3333-4444-555555555555"


async def _begin(
    studio: StudioServer, settings: Settings, astronaut: Path, sound: Path
) -> Production:
    with Ledger(settings.ledger_url) as ledger:
        async with ModelStudio("sk-local", base_url=studio.base_url) as client:
            production = await produce(client, ledger, astronaut, sound)
            await production.submit()
    return production


@pytest.fixture
def begun(studio: StudioServer, settings: Settings, astronaut: Path, sound: Path) -> Production:
    """A video that a process has ordered which is dead by now."""
    return asyncio.run(_begin(studio, settings, astronaut, sound))


@pytest.mark.usefixtures("settings")
def test_empty_books_are_told_and_are_no_lines(greenlight: Greenlight) -> None:
    ran = greenlight("collect")
    assert (ran.code, ran.out) == (0, "0 closed, 0 still open.\n")
    assert greenlight("collect", "--json").lines == []


def test_a_closed_job_is_one_object_with_its_video(
    greenlight: Greenlight, begun: Production, sound: Path
) -> None:
    ran = greenlight("collect", "--wait", 20, "--json")
    assert ran.code == 0, ran.err
    assert (ran.line["job"], ran.line["state"]) == (begun.key, "succeeded")
    assert Path(ran.line["video"]).parent == sound.parent / "videos"
    assert ran.line["cost_cny"] == pytest.approx(0.02)
    assert greenlight("collect", "--json").lines == []


def test_people_read_what_was_closed_and_what_is_open(
    greenlight: Greenlight, begun: Production, tmp_path: Path, settings: Settings
) -> None:
    ambiguous(settings)
    ran = greenlight("collect", "--wait", 20, "--out", tmp_path / "here")
    assert ran.code == 0, ran.err
    closed, summary = ran.out.splitlines()
    assert "astronaut.png · liveportrait: succeeded, " in closed
    assert str(tmp_path / "here") in closed
    assert summary == "1 closed, 0 still open, 1 in doubt (`greenlight reconcile`)."


def test_a_task_that_is_not_found_yet_stays_open(
    greenlight: Greenlight, settings: Settings
) -> None:
    job = submitted(settings, UNKNOWN_TASK)
    ran = greenlight("collect")
    assert (ran.code, ran.out) == (0, "0 closed, 1 still open.\n")
    assert booked(settings, job).state is JobState.SUBMITTED


def test_a_job_that_expires_soon_is_told(greenlight: Greenlight, settings: Settings) -> None:
    submitted(settings, UNKNOWN_TASK, hours_ago=21)
    ran = greenlight("collect", "--json")
    assert (ran.code, ran.lines) == (0, [])
    assert "UTC, 24 hours after it was submitted; collect it before that" in ran.err


def test_an_expired_job_is_told_loudly(greenlight: Greenlight, settings: Settings) -> None:
    submitted(settings, UNKNOWN_TASK, hours_ago=25)
    ran = greenlight("collect", "--json")
    assert ran.code == 1
    assert ran.line["state"] == "expired"
    assert ran.line["reserved_cny"] == pytest.approx(0.08)
    assert (
        "anna.png is lost, though it was paid for: the vendor forgets a task after 24 hours"
        in ran.err
    )


def test_a_job_in_trouble_ends_with_1_and_the_next_try_stores_it(
    greenlight: Greenlight, begun: Production, studio: StudioServer
) -> None:
    add_fault(studio, "truncated_video", "result")
    first = greenlight("collect", "--json")
    while not first.err and not first.lines:
        first = greenlight("collect", "--json")
    assert (first.code, first.lines) == (1, [])
    assert "the download was cut off" in first.err
    assert "money was spent on it" in first.err
    assert greenlight("collect", "--wait", 20, "--json").line["state"] == "succeeded"


def test_a_refused_key_is_one_sentence(
    greenlight: Greenlight, begun: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-of-somebody-else")
    ran = greenlight("collect", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "does not accept the key" in ran.err
    assert "somebody-else" not in ran.err


def test_without_a_key_the_studio_is_named(greenlight: Greenlight) -> None:
    ran = greenlight("collect")
    assert ran.code == 1
    assert "greenlight studio" in ran.err


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("options", [("--wait", "-1"), ("--wait", "long"), ("now",)])
def test_wrong_usage_ends_with_2(options: tuple[str, ...], greenlight: Greenlight) -> None:
    assert greenlight("collect", *options).code == 2
