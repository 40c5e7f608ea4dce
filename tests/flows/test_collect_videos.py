"""The scheduled flow that finishes what others left."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort

from flows.collect_videos import collect_videos
from flows.portrait_to_video import portrait_to_video
from greenlight.briefs.brief import Brief
from greenlight.filming.collector import EXPIRING_AFTER
from greenlight.ledger import JobState, Ledger
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from tests.cli.books import booked, submitted
from tests.steering import add_fault, paid

pytestmark = pytest.mark.usefixtures("prefect_server", "settings")


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the events about videos that are raised."""
    raised: list[str] = []

    def note(event: str, resource: dict[str, str], **_: Any) -> None:
        if not event.startswith("greenlight.portrait."):
            assert resource["prefect.resource.id"].startswith("greenlight.job.")
            raised.append(event)

    monkeypatch.setattr("tasks.events.emit_event", note)
    return raised


async def costs_shown() -> dict[str, str]:
    """Return what the newest table of costs says, by model; the sum has none."""
    async with get_client() as client:
        costs = ArtifactFilter(key=ArtifactFilterKey(any_=["costs"]))
        (newest, *_) = await client.read_artifacts(
            artifact_filter=costs, sort=ArtifactSort.CREATED_DESC
        )
    return {row["model"]: row["CNY"] for row in json.loads(str(newest.data))}


async def test_a_run_that_ended_as_filming_is_finished_by_the_next_collection(
    astronaut: Path, sound: Path, tmp_path: Path, studio: StudioServer, events: list[str]
) -> None:
    brief = Brief(portrait=str(astronaut), models=("wan-s2v",), sound=str(sound))
    left = await portrait_to_video(
        brief, out=str(tmp_path / "videos"), wait_seconds=0, return_state=True
    )
    assert left.name == "Filming"
    state = await collect_videos(wait_seconds=20, return_state=True)
    assert (state.name, state.message) == (
        "Collected",
        "1 closed",
    )
    assert await costs_shown() == {"wan2.2-s2v": "0.5", "wan2.2-s2v-detect": "0.004", "": "0.504"}
    assert len(list((tmp_path / "videos").glob("*.mp4"))) == 1
    assert paid(studio) == {"wan2.2-s2v-detect": 1, "wan2.2-s2v": 1}
    assert events == ["greenlight.video.stored"]


async def test_an_ambiguous_job_raises_its_event_and_is_not_sent_again(
    astronaut: Path, sound: Path, studio: StudioServer, settings: Settings, events: list[str]
) -> None:
    add_fault(studio, "drop", "create", when="before")
    brief = Brief(portrait=str(astronaut), models=("wan-s2v",), sound=str(sound))
    await portrait_to_video(brief, return_state=True)
    await collect_videos(return_state=True)
    assert events == ["greenlight.video.ambiguous"]
    with Ledger(settings.ledger_url) as ledger:
        (job,) = ledger.jobs.newest()
    assert job.state is JobState.AMBIGUOUS
    assert "wan2.2-s2v" not in paid(studio)


async def test_a_job_of_twenty_hours_raises_its_event(
    astronaut: Path,
    sound: Path,
    studio: StudioServer,
    events: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_fault(studio, "unknown_status", "fetch", times=None)
    brief = Brief(portrait=str(astronaut), models=("wan-s2v",), sound=str(sound))
    await portrait_to_video(brief, wait_seconds=0, return_state=True)
    later = datetime.now(UTC) + EXPIRING_AFTER
    monkeypatch.setattr("greenlight.ledger.database.now", lambda: later)
    await collect_videos(return_state=True)
    assert events == ["greenlight.video.expiring"]


async def test_a_job_that_the_vendor_has_forgotten_raises_its_event_and_is_closed(
    settings: Settings, events: list[str]
) -> None:
    job = submitted(settings, "11111111-2222-3333-4444-555555555555", hours_ago=25)
    state = await collect_videos(return_state=True)
    assert state.message == "1 closed"
    assert events == ["greenlight.video.expired"]
    assert booked(settings, job).state is JobState.EXPIRED
