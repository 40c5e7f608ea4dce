"""`greenlight reconcile`."""

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
from tests.doubts import begin_elsewhere, lose_answer, wait_until_listed
from tests.production import Production, produce
from tests.steering import paid

UNKNOWN_TASK = "11111111-2222-3333-4444-555555555555"
SETTLED = 180 + 600


async def _doubt(
    studio: StudioServer, settings: Settings, astronaut: Path, sound: Path, *, candidates: int
) -> Production:
    """Leave a job in doubt that so many tasks of the vendor fit."""
    with Ledger(settings.ledger_url) as ledger:
        async with ModelStudio("sk-local", base_url=studio.base_url) as client:
            production = await produce(client, ledger, astronaut, sound)
            await lose_answer(studio, production, accepted=True)
            for _ in range(candidates - 1):
                await begin_elsewhere(production)
            await wait_until_listed(client, candidates, "SUCCEEDED")
    return production


@pytest.fixture
def in_doubt(studio: StudioServer, settings: Settings, astronaut: Path, sound: Path) -> Production:
    return asyncio.run(_doubt(studio, settings, astronaut, sound, candidates=1))


def state_of(production: Production, settings: Settings) -> JobState:
    with Ledger(settings.ledger_url) as ledger:
        job = ledger.jobs.find(production.key)
    assert job is not None
    return job.state


@pytest.mark.usefixtures("settings")
def test_without_doubts_there_is_nothing_to_do(greenlight: Greenlight) -> None:
    ran = greenlight("reconcile")
    assert (ran.code, ran.out) == (0, "No job is in doubt.\n")
    assert greenlight("reconcile", "--json").lines == []


def test_a_doubt_is_one_object_with_its_candidates(
    greenlight: Greenlight, in_doubt: Production
) -> None:
    ran = greenlight("reconcile", "--json")
    assert ran.code == 0
    assert (ran.line["job"], ran.line["state"]) == (in_doubt.key, "ambiguous")
    assert (ran.line["outcome"], ran.line["model"]) == (None, "liveportrait")
    (candidate,) = ran.line["candidates"]
    assert set(candidate) == {"task_id", "status", "began_at"}
    assert candidate["status"] == "SUCCEEDED"
    assert candidate["task_id"] in ran.line["advice"]


def test_people_read_what_to_type_and_it_works(
    greenlight: Greenlight, in_doubt: Production, settings: Settings, studio: StudioServer
) -> None:
    shown = greenlight("reconcile")
    first, candidate = shown.out.splitlines()
    assert "one task fits" in first
    assert "succeeded, began" in candidate
    command = first.partition("`greenlight reconcile ")[2].rstrip("`").split()
    ran = greenlight("reconcile", *command)
    assert ran.code == 0, ran.err
    assert "is submitted; `greenlight collect` fetches its video." in ran.out
    collected = greenlight("collect", "--wait", 20, "--json")
    assert (collected.code, collected.line["state"]) == (0, "succeeded")
    assert Path(collected.line["video"]).is_file()
    assert paid(studio) == {"liveportrait": 1}
    assert state_of(in_doubt, settings) is JobState.SUCCEEDED


def test_an_exclusive_account_needs_no_person(
    greenlight: Greenlight, in_doubt: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENLIGHT_EXCLUSIVE_ACCOUNT", "on")
    line = greenlight("reconcile", "--json").line
    assert (line["outcome"], line["state"]) == ("adopted", "submitted")
    assert line["task_id"] == line["candidates"][0]["task_id"]


def test_an_adopted_job_is_one_object(greenlight: Greenlight, in_doubt: Production) -> None:
    (candidate,) = greenlight("reconcile", "--json").line["candidates"]
    line = greenlight("reconcile", "--adopt", in_doubt.key, candidate["task_id"], "--json").line
    assert (line["job"], line["state"]) == (in_doubt.key, "submitted")
    assert line["task_id"] == candidate["task_id"]


def test_several_candidates_are_all_shown(
    greenlight: Greenlight,
    studio: StudioServer,
    settings: Settings,
    astronaut: Path,
    sound: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GREENLIGHT_EXCLUSIVE_ACCOUNT", "on")
    asyncio.run(_doubt(studio, settings, astronaut, sound, candidates=2))
    ran = greenlight("reconcile")
    assert len(ran.out.splitlines()) == 3
    assert "several tasks or jobs fit together" in ran.out


def test_a_job_without_candidates_waits_for_the_settling_time(
    greenlight: Greenlight, settings: Settings
) -> None:
    job = ambiguous(settings, seconds_ago=SETTLED - 60)
    waits = greenlight("reconcile", "--json").line
    assert (waits["outcome"], waits["candidates"]) == (None, [])
    assert "released in" in waits["advice"]
    assert booked(settings, job).state is JobState.AMBIGUOUS


def test_what_was_released_is_told(greenlight: Greenlight, settings: Settings) -> None:
    job = ambiguous(settings, seconds_ago=SETTLED)
    ran = greenlight("reconcile")
    assert f"{job.hash[:12]} anna.png · emo-v1 -> released: " in ran.out
    assert booked(settings, job).may_be_ordered_again
    assert greenlight("reconcile").out == "No job is in doubt.\n"


def test_a_person_may_release_a_job(greenlight: Greenlight, settings: Settings) -> None:
    job = ambiguous(settings)
    ran = greenlight("reconcile", "--release", job.hash[:8])
    assert ran.code == 0, ran.err
    assert "is free again; the same brief may be sent again, and is paid then." in ran.out
    assert booked(settings, job).may_be_ordered_again
    again = greenlight("reconcile", "--release", job.hash[:8])
    assert again.code == 1
    assert "is failed, not in doubt" in again.err


def test_a_released_job_is_one_object(greenlight: Greenlight, settings: Settings) -> None:
    job = ambiguous(settings)
    line = greenlight("reconcile", "--release", job.key, "--json").line
    assert (line["job"], line["state"], line["sent_at"]) == (job.key, "failed", None)


@pytest.mark.parametrize("name", ["feedfeed", "nonsense", "0"])
@pytest.mark.parametrize("option", ["--adopt", "--release"])
def test_an_unknown_job_is_told(
    option: str, name: str, greenlight: Greenlight, settings: Settings
) -> None:
    ambiguous(settings)
    task = (UNKNOWN_TASK,) if option == "--adopt" else ()
    ran = greenlight("reconcile", option, name, *task)
    assert (ran.code, ran.out) == (1, "")
    assert f"no job begins with '{name}'" in ran.err
    assert "`greenlight jobs` lists all jobs" in ran.err


def test_a_task_that_cannot_be_the_jobs_is_told(greenlight: Greenlight, settings: Settings) -> None:
    job = ambiguous(settings)
    ran = greenlight("reconcile", "--adopt", job.hash[:12], UNKNOWN_TASK)
    assert (ran.code, ran.out) == (1, "")
    assert f"the vendor does not know task {UNKNOWN_TASK}" in ran.err
    assert booked(settings, job).state is JobState.AMBIGUOUS


def test_a_job_that_is_not_in_doubt_is_told(greenlight: Greenlight, settings: Settings) -> None:
    job = submitted(settings, "task-1")
    ran = greenlight("reconcile", "--adopt", job.hash[:12], UNKNOWN_TASK)
    assert ran.code == 1
    assert "is submitted, not in doubt" in ran.err


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    "options",
    [
        ("--adopt", "abcd", "task", "--release", "abcd"),
        ("--adopt", "abcd"),
        ("--release",),
        ("abcd",),
    ],
)
def test_wrong_usage_ends_with_2(options: tuple[str, ...], greenlight: Greenlight) -> None:
    ran = greenlight("reconcile", *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_without_a_key_the_studio_is_named(greenlight: Greenlight) -> None:
    ran = greenlight("reconcile")
    assert ran.code == 1
    assert "greenlight studio" in ran.err
