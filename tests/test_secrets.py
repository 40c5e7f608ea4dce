"""The key and the signed parts of links appear nowhere: not in logs, results, books or error texts."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from prefect import get_client
from prefect.client.schemas.filters import LogFilter
from prefect.client.schemas.objects import State
from prefect.logging.handlers import APILogHandler

from flows.collect_videos import collect_videos
from flows.portrait_to_video import portrait_to_video
from greenlight.briefs.brief import Brief
from greenlight.studio.server import StudioServer, StudioSettings
from greenlight.work.reports import FilmReport
from tests.bucket import SECRET, Bucket
from tests.steering import add_fault
from tests.website import Website

KEY = "sk-secret-4711"
SIGNATURE = "c2lnbmVkLWJ5LW5vYm9keQ"
NO_SECRET = re.compile(r"[\w-]+=\*\*\*|X-Amz-Expires=\d+")
"""Names without their values, and how long a link lives: what boto3's debugging lines keep of one."""
SECRETS = (KEY, SIGNATURE, "Signature=", "Expires=", "OSSAccessKeyId=")


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StudioServer]:
    """A studio with a key that can be recognised, and an environment that points at it."""
    settings = StudioSettings(
        home=tmp_path / "studio", key=KEY, rate_per_second=1000, job_seconds=0.05
    )
    with StudioServer(settings) as studio:
        monkeypatch.setenv("DASHSCOPE_HTTP_BASE_URL", studio.base_url)
        monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
        monkeypatch.setenv("GREENLIGHT_POLL_SECONDS", "0.05")
        yield studio


async def film(brief: Brief) -> tuple[State[FilmReport], str]:
    """Run the flow, and return its state and all that it says, errors too."""
    state = await portrait_to_video(brief, return_state=True)
    outcome = await state.aresult(raise_on_failure=False)
    said = outcome.model_dump_json() if isinstance(outcome, FilmReport) else repr(outcome)
    return state, f"{state.name} {state.message} {said}"


async def what_the_server_keeps() -> str:
    """Return logs, runs, states and artifacts as the server has them, but for what the user gave."""
    await APILogHandler.aflush()
    async with get_client() as client:
        logs = await client.read_logs(LogFilter(), limit=200)
        runs = await client.read_flow_runs()
        # They reach the server as events, a little later than the runs.
        while not (tasks := await client.read_task_runs()):
            await asyncio.sleep(0)
        artifacts = await client.read_artifacts()
    assert logs
    kept = [*logs, *tasks, *artifacts]
    return "\n".join(
        [one.model_dump_json() for one in kept]
        + [run.model_dump_json(exclude={"parameters"}) for run in runs]
    )


@pytest.mark.usefixtures("prefect_server")
async def test_no_secret_is_written_or_said(
    guarded: StudioServer,
    website: Website,
    astronaut: Path,
    sound: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    url = website.put("/anna.png", astronaut.read_bytes())
    said = []

    state, words = await film(Brief(models=("emo",), portrait=url, sound=str(sound)))
    assert state.name == "Filmed", words
    said.append(words)

    add_fault(guarded, "drop", "create", when="after")
    state, words = await film(Brief(models=("emo",), portrait=url, sound=str(sound), take=2))
    assert state.name == "Ambiguous", words
    said.append(words)

    add_fault(guarded, "dead_link", "result", times=20)
    monkeypatch.setattr("greenlight.videos.storing.AGAIN_AFTER_SECONDS", 0.01)
    state, words = await film(Brief(models=("emo",), portrait=url, sound=str(sound), take=3))
    assert "StorageError" in words or "DeadLink" in words, words
    said.append(words)
    await collect_videos(return_state=True)

    # Neither a brief nor Prefect's own look at the parameters says what is wrong with more than it may.
    signed = {"portrait": f"{url}?Signature={SIGNATURE}"}
    state, words = await film(cast("Brief", signed))
    assert state.is_failed()
    assert "give s3://bucket/key" in words
    said.append(words)

    monkeypatch.setenv("DASHSCOPE_API_KEY", f"{KEY}-wrong")
    state, words = await film(Brief(portrait=str(astronaut), models=("wan-s2v",)))
    assert state.is_failed()
    said.append(words)

    expect_no_secret(
        SECRETS,
        await all_places(tmp_path, said)
        | {"the logs": caplog.text, "what was printed": "".join(capfd.readouterr())},
    )


@pytest.mark.usefixtures("prefect_server")
async def test_no_presigned_link_is_written_or_said(
    guarded: StudioServer,
    bucket: Bucket,
    astronaut: Path,
    sound: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # The bucket's own server runs in this process too, and logs what it is asked for.
    monkeypatch.setattr(logging.getLogger("werkzeug"), "disabled", True)
    caplog.set_level(logging.DEBUG)
    portrait = bucket.put("in/anna.png", astronaut.read_bytes())
    voice = bucket.put("in/anna.wav", sound.read_bytes())
    state, words = await film(Brief(portrait=portrait, sound=voice, models=("liveportrait",)))
    assert state.name == "Filmed", words
    add_fault(guarded, "drop", "create", when="after")
    _, lost = await film(Brief(portrait=portrait, sound=voice, models=("liveportrait",), take=2))
    assert portrait in (await all_places(tmp_path, []))["the books"]
    presigned = ("X-Amz-Signature", "X-Amz-Credential", "AWSAccessKeyId=", SECRET)
    expect_no_secret(
        (*SECRETS, *presigned),
        await all_places(tmp_path, [words, lost]) | {"the logs": NO_SECRET.sub("", caplog.text)},
    )


async def all_places(folder: Path, said: list[str]) -> dict[str, str]:
    """Return what stands anywhere, by the name of its place."""
    files = await asyncio.to_thread(all_files, folder)
    books = "".join(text for path, text in files.items() if "ledger.db" in path)
    return files | {
        "what was said": "\n".join(said),
        "the server": await what_the_server_keeps(),
        "the books": books,
    }


def expect_no_secret(secrets: tuple[str, ...], places: dict[str, str]) -> None:
    for place, text in places.items():
        for secret in secrets:
            assert secret not in text, f"{secret} stands in {place}"


def all_files(folder: Path) -> dict[str, str]:
    """Return every file but the studio's own by its path: books, results, videos."""
    return {
        str(path): path.read_bytes().decode("latin-1")
        for path in folder.rglob("*")
        if path.is_file() and "studio" not in path.relative_to(folder).parts
    }
