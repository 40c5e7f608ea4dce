"""A run that ended before its video says afterwards what came of it, and no other run is touched."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterType,
)
from prefect.client.schemas.objects import FlowRun, State
from prefect.serializers import PickleSerializer

from flows.catching_up import catch_up
from flows.collect_videos import collect_videos
from flows.portrait_to_video import portrait_to_video
from greenlight.briefs.brief import Brief
from greenlight.ledger import JobState, Ledger
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from greenlight.work.reports import FilmReport, FilmState
from tests.conftest import SAMPLES
from tests.steering import add_fault, paid

pytestmark = pytest.mark.usefixtures("prefect_server", "settings")

Left = Callable[..., Any]


@pytest.fixture
def left(sound: Path, tmp_path: Path) -> Left:
    """Films a portrait without waiting for the video, and returns the state of the run."""

    async def leave(portrait: Path, *models: str) -> State[FilmReport]:
        brief = Brief(portrait=str(portrait), models=models or ("emo",), sound=str(sound))
        out = str(tmp_path / "videos")
        return await portrait_to_video(brief, out=out, wait_seconds=0, return_state=True)

    return leave


def run_of(state: State[Any]) -> UUID:
    assert state.state_details.flow_run_id is not None
    return state.state_details.flow_run_id


async def run_now(state: State[Any]) -> tuple[FlowRun, State[Any]]:
    """Return the run of a state, and the state that it has by now."""
    async with get_client() as client:
        run = await client.read_flow_run(run_of(state))
    assert run.state is not None
    return run, run.state


async def pages_of(state: State[Any]) -> list[tuple[str, str]]:
    """Return titles and texts of the pages of a run."""
    wanted = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[run_of(state)]),
        type=ArtifactFilterType(any_=["markdown"]),
    )
    async with get_client() as client:
        found = await client.read_artifacts(artifact_filter=wanted)
    return [(str(page.description), str(page.data)) for page in found]


def kept_report(state: State[Any], results: Path) -> FilmReport:
    """Return the report of a state, read from its file: asking Prefect for it leaves a connection open."""
    report = PickleSerializer().loads((results / state.data.storage_key).read_bytes())
    assert isinstance(report, FilmReport)
    return report


async def test_a_run_that_ended_as_filming_becomes_filmed(
    astronaut: Path, left: Left, studio: StudioServer, tmp_path: Path
) -> None:
    state = await left(astronaut)
    assert state.name == "Filming"
    await collect_videos(wait_seconds=20)
    run, now = await run_now(state)
    assert (now.name, now.is_completed()) == ("Filmed", True)
    assert "1.00 s for 0.08 CNY, stored as " in str(now.message)
    assert {tag for tag in run.tags if tag.startswith("outcome:")} == {"outcome:filmed"}
    assert "model:emo" in run.tags
    report = kept_report(now, tmp_path / "results")
    assert report.state is FilmState.FILMED
    assert Path(str(report.video)).is_file()
    assert report.cost_cny == Decimal("0.084")
    assert paid(studio) == {"emo-detect-v1": 1, "emo-v1": 1}


async def test_its_page_has_the_video_and_still_the_picture(astronaut: Path, left: Left) -> None:
    state = await left(astronaut)
    ((title, before),) = await pages_of(state)
    assert title == "astronaut.png · emo: Filming"
    await collect_videos(wait_seconds=20)
    ((title, after),) = await pages_of(state)
    assert title == "astronaut.png · emo: Filmed"
    assert "| Video | " not in before
    assert "| Video | " in after
    assert "| emo | passed |" in after
    picture = before[before.index("(data:") : before.index(")", before.index("(data:"))]
    assert picture in after


async def test_the_page_still_says_which_models_refused_it(left: Left) -> None:
    state = await left(SAMPLES / "made_two.jpg", "emo", "liveportrait")
    await collect_videos(wait_seconds=20)
    ((title, text),) = await pages_of(state)
    assert title == r"made\_two.jpg · liveportrait: Filmed"
    assert "| emo | refused by the vendor: no reason given |" in text
    assert "| liveportrait | passed |" in text


async def test_its_log_says_so(astronaut: Path, left: Left) -> None:
    state = await left(astronaut)
    await collect_videos(wait_seconds=20)
    async with get_client() as client:
        filters = {"logs": {"flow_run_id": {"any_": [str(run_of(state))]}}}
        answer = await client.request("POST", "/logs/filter", json=filters)
    lines = [line["message"] for line in answer.json()]
    assert [line for line in lines if line.startswith("Filmed: 1.00 s for 0.08 CNY, stored as ")]


async def test_a_job_that_the_vendor_failed_makes_a_failed_run(
    astronaut: Path, left: Left, studio: StudioServer
) -> None:
    add_fault(studio, "job_fails", "create")
    state = await left(astronaut)
    await collect_videos(wait_seconds=20)
    run, now = await run_now(state)
    assert (now.name, now.is_failed()) == ("Failed", True)
    assert "it was not charged" in str(now.message)
    assert "outcome:failed" in run.tags


async def test_what_another_process_has_collected_is_caught_up_with_later(
    astronaut: Path, left: Left, settings: Settings
) -> None:
    state = await left(astronaut)
    with Ledger(settings.ledger_url) as ledger:
        (job,) = ledger.jobs.newest()
        facts = {"place": "s3://films/a.mp4", "seconds": 1.0, "sha256": "ab" * 32}
        ledger.jobs.close(job.id, JobState.SUCCEEDED, cost_cny=Decimal("0.08"), **facts)
    await collect_videos()
    _, now = await run_now(state)
    assert (now.name, now.message) == ("Filmed", "1.00 s for 0.08 CNY, stored as s3://films/a.mp4")


async def test_a_run_that_has_ended_otherwise_stays_as_it_is(
    astronaut: Path, sound: Path, tmp_path: Path
) -> None:
    brief = Brief(portrait=str(astronaut), models=("emo",), sound=str(sound))
    state = await portrait_to_video(brief, out=str(tmp_path / "videos"), return_state=True)
    assert state.name == "Filmed"
    before, _ = await run_now(state)
    await collect_videos()
    after, _ = await run_now(state)
    assert after.state_id == before.state_id
    assert len(await pages_of(state)) == 1


async def test_a_run_that_waits_for_a_template_is_not_called_filmed(
    astronaut: Path, studio: StudioServer, tmp_path: Path
) -> None:
    # However long the run takes to look, the template is not made when it does.
    add_fault(studio, "unknown_status", "fetch")
    brief = Brief(
        portrait=str(astronaut), models=("animate-anyone",), motion=str(SAMPLES / "wave.mp4")
    )
    state = await portrait_to_video(
        brief, out=str(tmp_path / "videos"), wait_seconds=0, return_state=True
    )
    await collect_videos(wait_seconds=20)
    _, now = await run_now(state)
    assert now.name == "Filming"


async def test_jobs_without_a_run_of_this_server_are_nobodys(
    astronaut: Path, left: Left, settings: Settings
) -> None:
    state = await left(astronaut)
    async with get_client() as client:
        await client.delete_flow_run(run_of(state))
    await collect_videos(wait_seconds=20)
    with Ledger(settings.ledger_url) as ledger:
        (job,) = ledger.jobs.newest()
        assert job.state is JobState.SUCCEEDED
        await catch_up([job], ledger)
