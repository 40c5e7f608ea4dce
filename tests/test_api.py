"""What a program that imports `greenlight` can call, without Prefect."""

from __future__ import annotations

import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

import greenlight
from greenlight import Brief, Verdict
from greenlight.errors import InputError, OverBudget, SettingsError
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from tests.conftest import SAMPLES

ROOT = Path(__file__).parents[1]
TWO_PERSONS = SAMPLES / "made_two.jpg"
HEAVY = ("httpx", "sqlalchemy", "pydantic", "prefect")


def python(script: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ran.stdout.strip()


def counters(studio: StudioServer) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{studio.url}/_studio/counters").json()
    return found


def test_the_import_alone_loads_nothing_heavy() -> None:
    script = f"import sys, greenlight; print([one for one in {HEAVY} if one in sys.modules])"
    assert python(script) == "[]"


def test_no_name_of_it_needs_prefect() -> None:
    script = "import sys; from greenlight import *; print('prefect' in sys.modules, film.__name__)"
    assert python(script) == "False film"


@pytest.mark.parametrize("name", greenlight.__all__)
def test_every_public_name_is_there_and_listed(name: str) -> None:
    value = getattr(greenlight, name)
    assert value.__name__ == name
    assert value.__doc__
    assert name in dir(greenlight)


def test_another_name_is_missing_as_in_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'greenlight' has no attribute 'shoot'"):
        _ = greenlight.shoot  # type: ignore[attr-defined]


async def test_a_portrait_is_checked_and_paid_once(
    settings: Settings, studio: StudioServer, astronaut: Path
) -> None:
    verdict = await greenlight.check(str(astronaut))
    assert isinstance(verdict, Verdict)
    assert (verdict.passed, verdict.model) == (True, "wan-s2v")
    assert await greenlight.check(str(astronaut)) == verdict
    assert counters(studio)["checks_paid"] == {"wan2.2-s2v-detect": 1}
    await greenlight.check(str(astronaut), fresh=True)
    assert counters(studio)["checks_paid"] == {"wan2.2-s2v-detect": 2}


async def test_a_check_takes_a_model_and_its_ratio(settings: Settings, astronaut: Path) -> None:
    verdict = await greenlight.check(str(astronaut), "emo", ratio="3:4")
    assert (verdict.model, verdict.passed) == ("emo", True)


async def test_a_check_beyond_its_limit_is_not_sent(
    settings: Settings, studio: StudioServer, astronaut: Path
) -> None:
    with pytest.raises(OverBudget):
        await greenlight.check(str(astronaut), max_cny=0.001)
    assert counters(studio)["checks_paid"] == {}


async def test_a_check_is_tried_again_where_that_is_safe(
    settings: Settings, studio: StudioServer, astronaut: Path
) -> None:
    throttle = [{"fault": "throttle", "on": "check", "retry_after": "0"}]
    httpx.post(f"{studio.url}/_studio/faults", json=throttle).raise_for_status()
    assert (await greenlight.check(str(astronaut))).passed
    assert counters(studio)["checks_paid"] == {"wan2.2-s2v-detect": 1}


async def test_a_portrait_is_filmed_and_paid_once(
    settings: Settings, studio: StudioServer, astronaut: Path, sound: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    report = await greenlight.film(str(astronaut), sound=str(sound), out=out)
    assert (report.state, report.cached) == ("filmed", False)
    assert Path(str(report.video)).parent == out
    paid = counters(studio)
    assert float(report.cost_cny) == pytest.approx(paid["cost_cny"])

    brief = Brief(portrait=str(astronaut), sound=str(sound))
    again = await greenlight.film(brief, out=out)
    assert (again.state, again.cached, float(again.cost_cny)) == ("filmed", True, 0.0)
    assert again.video == report.video
    assert counters(studio)["cost_cny"] == paid["cost_cny"]


async def test_a_short_wait_loses_nothing(settings: Settings, astronaut: Path, sound: Path) -> None:
    brief = Brief(portrait=str(astronaut), sound=str(sound))
    assert (await greenlight.film(brief, wait_seconds=0)).state == "filming"
    report = await greenlight.film(brief)
    assert report.state == "filmed"
    assert Path(str(report.video)).parent == settings.videos


async def test_a_motion_becomes_a_template_first(
    settings: Settings, studio: StudioServer, astronaut: Path
) -> None:
    report = await greenlight.film(
        str(astronaut), models=("animate-anyone",), motion=str(SAMPLES / "wave.mp4")
    )
    assert report.state == "filmed"
    assert len(counters(studio)["creates_accepted"]) == 2


async def test_the_first_model_that_passes_films_and_a_refusal_is_a_report(
    settings: Settings, sound: Path
) -> None:
    brief = Brief(portrait=str(TWO_PERSONS), models=("emo", "wan-s2v"), sound=str(sound))
    report = await greenlight.film(brief)
    assert report.state == "rejected"
    assert [verdict.model for verdict in report.verdicts] == ["emo", "wan-s2v"]


async def test_without_a_sound_it_is_only_checked(settings: Settings, astronaut: Path) -> None:
    assert (await greenlight.film(str(astronaut))).state == "waiting_for_sound"


async def test_a_folder_is_swept_and_the_next_sweep_finds_it_done(
    settings: Settings, studio: StudioServer, tmp_path: Path, astronaut: Path, sound: Path
) -> None:
    folder = tmp_path / "portraits"
    folder.mkdir()
    shutil.copy(astronaut, folder / "anna.png")
    shutil.copy(sound, folder / "anna.wav")
    shutil.copy(TWO_PERSONS, folder / "two.jpg")
    told: list[int] = []

    async def tell(done: int, _total: int | None) -> None:
        told.append(done)

    report = await greenlight.sweep(str(folder), wait_seconds=20, tell=tell)
    assert (report.states, told) == ({"filmed": 1, "rejected": 1}, [1, 2])
    assert (float(report.cost_cny), report.films_cny) == (0.008, Decimal("0.5"))
    again = await greenlight.sweep(str(folder))
    assert (again.known, again.cost_cny, again.films_cny) == (2, 0, 0)
    assert counters(studio)["checks_paid"] == {"wan2.2-s2v-detect": 2}


async def test_a_video_beyond_the_limit_is_not_begun(
    settings: Settings, studio: StudioServer, astronaut: Path, sound: Path
) -> None:
    report = await greenlight.film(str(astronaut), sound=str(sound), max_cny=0.01)
    assert (report.state, float(report.cost_cny)) == ("over_budget", 0)
    assert (counters(studio)["creates_accepted"], counters(studio)["checks_paid"]) == ({}, {})


async def test_nothing_is_paid_where_no_video_can_be_stored(
    settings: Settings, studio: StudioServer, astronaut: Path, sound: Path
) -> None:
    with pytest.raises(InputError):
        await greenlight.film(str(astronaut), sound=str(sound), out=sound / "videos")
    assert counters(studio)["checks_paid"] == {}


async def test_nothing_is_paid_for_a_parameter_that_no_model_has(
    settings: Settings, studio: StudioServer, astronaut: Path, sound: Path
) -> None:
    with pytest.raises(SettingsError, match="mood"):
        await greenlight.film(str(astronaut), sound=str(sound), parameters={"mood": "calm"})
    assert counters(studio)["checks_paid"] == {}


async def test_settings_that_are_given_count_instead_of_the_environment(
    settings: Settings, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY")
    with pytest.raises(SettingsError, match="no key is set"):
        await greenlight.check(str(astronaut))
    assert (await greenlight.check(str(astronaut), settings=settings)).passed


async def test_a_brief_is_not_mixed_with_fields_of_another(astronaut: Path) -> None:
    with pytest.raises(TypeError, match="sound"):
        await greenlight.film(Brief(portrait=str(astronaut)), sound="anna.wav")
