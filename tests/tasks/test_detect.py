"""A check as a Prefect task: cached across runs and processes, tried again only when the error says so."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from pydantic import SecretStr

from blocks import ModelStudioCredentials
from greenlight.errors import LedgerError
from greenlight.media.portraits import Portrait, examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.errors import AuthenticationError, InvalidRequest
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.modelstudio.family import Verdict
from greenlight.modelstudio.retry import MAX_TRIES
from greenlight.services import connect
from greenlight.settings import read_settings
from greenlight.studio.server import StudioServer, StudioSettings
from tasks import DETECTORS, detect_animate_anyone, detect_emo
from tasks.detect import cache_key
from tasks.services import ledger_of
from tests.conftest import SAMPLES
from tests.steering import add_fault, paid, received

pytestmark = pytest.mark.usefixtures("prefect_server", "settings")


@pytest.fixture
async def portrait(astronaut: Path) -> Portrait:
    return await examine(str(astronaut))


async def check(portrait: Portrait, model: str = "emo", **more: Any) -> State[Any]:
    state: State[Any] = await DETECTORS[model](portrait, return_state=True, **more)
    return state


def test_every_family_has_its_task() -> None:
    assert set(DETECTORS) == set(catalog.families())
    assert [task.name for task in (detect_emo, detect_animate_anyone)] == [
        "detect_emo",
        "detect_animate_anyone",
    ]
    for task in DETECTORS.values():
        assert task.retries == MAX_TRIES - 1
        assert not task.retry_delay_seconds
        assert task.persist_result


async def test_a_copy_in_another_run_is_a_hit_and_its_result_readable_json(
    portrait: Portrait, tmp_path: Path, studio: StudioServer
) -> None:
    first = await check(portrait)
    copy = tmp_path / "another name.png"
    copy.write_bytes(Path(portrait.place).read_bytes())
    second = await check(await examine(str(copy)))
    assert (first.name, second.name) == ("Completed", "Cached")
    verdict = await second.aresult()
    assert isinstance(verdict, EmoVerdict)
    assert verdict == await first.aresult()
    assert received(studio, "check") == 1
    (file,) = [path for path in (tmp_path / "results").iterdir() if "sha256" in path.name]
    kept = json.loads(file.read_text())
    assert str(list(verdict.ext_bbox or ())) in json.dumps(kept).replace("\\", "")
    assert "sk-local" not in file.read_text()


async def test_a_refusal_is_cached_too(studio: StudioServer) -> None:
    portrait = await examine(str(SAMPLES / "made_two.jpg"))
    states = [await check(portrait, "animate-anyone") for _ in range(2)]
    assert [state.name for state in states] == ["Completed", "Cached"]
    verdict = await states[1].aresult()
    assert not verdict.passed
    assert "two people" in verdict.reason
    assert received(studio, "check") == 1


async def test_an_emptied_cache_costs_nothing_because_the_books_know(
    portrait: Portrait, tmp_path: Path, studio: StudioServer
) -> None:
    first = await check(portrait)
    for file in (tmp_path / "results").iterdir():
        file.unlink()
    second = await check(portrait)
    assert second.name == "Completed"
    assert await second.aresult() == await first.aresult()
    assert received(studio, "check") == 1


IN_A_NEW_PROCESS = """
import asyncio, sys
from greenlight.media.portraits import examine
from tasks import detect_emo

async def main(place):
    state = await detect_emo(await examine(place), return_state=True)
    print(state.name, (await state.aresult()).request_id)

asyncio.run(main(sys.argv[1]))
"""


async def test_a_new_process_is_a_hit(
    portrait: Portrait, tmp_path: Path, studio: StudioServer
) -> None:
    from prefect.settings import get_current_settings

    first = await (await check(portrait)).aresult()
    env = os.environ | get_current_settings().to_environment_variables(exclude_unset=True)
    asked = [sys.executable, "-c", IN_A_NEW_PROCESS, portrait.place]
    root = Path(__file__).parents[2]
    answer = await asyncio.to_thread(
        subprocess.check_output, asked, env=env, cwd=root, text=True, timeout=120
    )
    assert answer.split() == ["Cached", first.request_id]
    assert received(studio, "check") == 1


async def test_another_service_is_none(
    portrait: Portrait, tmp_path: Path, studio: StudioServer
) -> None:
    await check(portrait)
    with StudioServer(StudioSettings(home=tmp_path / "elsewhere")) as elsewhere:
        credentials = ModelStudioCredentials(
            api_key=SecretStr("sk-local"), base_url=elsewhere.base_url
        )
        state = await check(portrait, credentials=credentials)
        assert state.name == "Completed"
        assert paid(elsewhere) == {"emo-detect-v1": 1}
    assert paid(studio) == {"emo-detect-v1": 1}


async def check_afresh(portrait: Portrait) -> Verdict:
    """Pay for a newer verdict, as `check --fresh` does."""
    async with connect(read_settings()) as services:
        screening = await services.screener.screen(portrait, catalog.family("emo"), fresh=True)
    return screening.verdict


async def test_a_newer_verdict_in_the_books_is_never_hidden_by_a_cached_one(
    portrait: Portrait, studio: StudioServer
) -> None:
    assert (await (await check(portrait)).aresult()).passed
    assert (await check(portrait)).name == "Cached"
    for shape in (1, 1, None):
        if shape is not None:
            add_fault(studio, "refusal", "check", shape=shape)
        newest = await check_afresh(portrait)
        states = [await check(portrait) for _ in range(2)]
        assert [state.name for state in states] == ["Completed", "Cached"]
        assert [await state.aresult() for state in states] == [newest, newest]
    assert received(studio, "check") == 4


async def test_books_that_cannot_be_read_make_no_hit(
    portrait: Portrait,
    tmp_path: Path,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await check(portrait)
    (tmp_path / "broken.db").write_text("this is no database, but long enough to look like one")
    monkeypatch.setenv("GREENLIGHT_LEDGER_URL", f"sqlite:///{tmp_path / 'broken.db'}")
    state = await check(portrait)
    assert state.is_failed()
    assert isinstance(await state.aresult(raise_on_failure=False), LedgerError)
    assert received(studio, "check") == 1
    assert "Error encountered when computing cache key" not in caplog.text


def test_a_key_is_made_of_service_model_ratio_and_content(portrait: Portrait) -> None:
    asked = {"portrait": portrait, "ratio": None, "deployment": None, "credentials": None}
    emo = catalog.family("emo")
    service = read_settings().service.replace(":", "%3A")
    key = cache_key(emo, asked)
    assert key == f"{service},emo-detect-v1,1%3A1,{portrait.identity},v1"
    others = [
        cache_key(emo, asked | {"ratio": "3:4"}),
        cache_key(emo, asked | {"deployment": "my-emo"}),
        cache_key(emo, asked | {"portrait": portrait.model_copy(update={"identity": "x"})}),
        cache_key(catalog.family("wan-s2v"), asked),
    ]
    assert len({key, *others}) == 5
    moved = portrait.model_copy(update={"place": "s3://b/k", "shown": "s3://b/k", "name": "k"})
    assert cache_key(emo, asked | {"portrait": moved, "ratio": "1:1"}) == key


async def test_a_throttled_check_waits_as_long_as_it_is_asked_to(
    portrait: Portrait, studio: StudioServer
) -> None:
    add_fault(studio, "throttle", "check", retry_after="1")
    began_at = time.monotonic()
    state = await check(portrait)
    assert state.is_completed()
    assert time.monotonic() - began_at > 1
    assert received(studio, "check") == 2
    assert paid(studio) == {"emo-detect-v1": 1}


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "InvalidApiKey", AuthenticationError),
        (400, "InvalidParameter", InvalidRequest),
    ],
)
async def test_what_must_not_be_tried_again_is_asked_once_and_not_cached(
    status: int, code: str, error: type[Exception], portrait: Portrait, studio: StudioServer
) -> None:
    add_fault(studio, "error", "check", status=status, code=code, message="503 timeout")
    state = await check(portrait)
    assert state.is_failed()
    assert isinstance(await state.aresult(raise_on_failure=False), error)
    assert received(studio, "check") == 1
    assert (await check(portrait)).name == "Completed"


async def test_the_books_name_the_check_without_a_flow_run(portrait: Portrait) -> None:
    await check(portrait)
    ledger = ledger_of(read_settings().ledger_url)
    asked = {"portrait": portrait, "ratio": None, "deployment": None, "credentials": None}
    key = str(cache_key(catalog.family("emo"), asked)).removesuffix(",v1")
    booked = ledger.checks.find(key)
    assert booked is not None
    assert (booked.place, booked.flow_run) == (portrait.shown, "")
