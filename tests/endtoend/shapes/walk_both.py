"""What a sweep and uploads make of files for models that film portraits and for one that films clips."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

from flows.collect_videos import collect_videos
from flows.on_upload import on_upload
from greenlight.services import open_ledger
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from greenlight.uploads.events import Arrival
from greenlight.work.bundles import BriefDefaults
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.conftest import make_sound
from tests.endtoend.shapes.conftest import PORTRAIT
from tests.steering import paid

pytestmark = pytest.mark.usefixtures("prefect_server", "settings")

TWO_READINGS = "may mean eve.mp4 as the clip of lips or eve.png as the portrait of dance; "


@pytest.fixture
def files(media: Path, tmp_path: Path) -> Mapping[str, bytes]:
    """Of anna her json says what she is; bob can be but one thing, eve two, and carl is not there."""
    sound = make_sound(tmp_path / "sound.wav", seconds=1.5).read_bytes()
    portrait, motion = PORTRAIT.read_bytes(), (media / "dance.mp4").read_bytes()
    clip = (media / "speaker.mp4").read_bytes()
    return {
        "anna.png": portrait,
        "anna.mp4": motion,
        "anna.json": json.dumps({"models": ["dance"]}).encode(),
        "bob.mp4": clip,
        "bob.wav": sound,
        "eve.png": portrait,
        "eve.mp4": clip,
        "eve.wav": sound,
        "carl.wav": sound,
    }


def test_a_sweep_films_each_as_what_it_is(
    greenlight: Greenlight, files: Mapping[str, bytes], studio: StudioServer, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    asked = ("sweep", folder, "--model", "lips", "--model", "dance")
    foreseen = greenlight(*asked, "--dry-run").out.splitlines()
    assert f"To film: 2, at most {4 * 0.4 + 3 * 0.08:.2f} CNY." in foreseen
    swept = greenlight(*asked, "--json").line
    assert (swept["portraits"], swept["states"]) == (3, {"filming": 2, "failed": 1})
    (failure,) = swept["failures"]
    assert failure["portrait"].endswith("eve.png")
    assert TWO_READINGS in failure["message"]
    again = greenlight(*asked, "--json").line
    assert (again["portraits"], again["known"]) == (3, 3)
    assert paid(studio) == {"dance-1": 1, "lips-1": 1}


async def test_uploads_are_filmed_each_as_what_it_is(
    bucket: Bucket,
    files: Mapping[str, bytes],
    settings: Settings,
    studio: StudioServer,
    tmp_path: Path,
) -> None:
    places = [bucket.put(f"in/{name}", content) for name, content in files.items()]
    state: Any = await on_upload(
        objects=[arrival(place) for place in places],
        defaults=BriefDefaults(models=("lips", "dance")),
        out=str(tmp_path / "videos"),
        return_state=True,
    )
    became = {
        Path(one.portrait).name: one.report for one in await state.aresult(raise_on_failure=False)
    }
    states = {name: report.state.value for name, report in became.items()}
    assert states == {
        "anna.png": "filming",
        "bob.mp4": "filming",
        "eve.png": "failed",
        "carl": "waiting_for_clip",
    }
    assert became["carl"].message == "there is no clip called carl yet"
    assert "name the models of one of them in eve.json" in became["eve.png"].message
    assert paid(studio) == {"dance-1": 1, "lips-1": 1}
    assert state.state_details.flow_run_id is not None
    async with get_client() as client:
        run = await client.read_flow_run(state.state_details.flow_run_id)
    assert run.name == "anna.png, bob.mp4, carl.wav and 1 more"
    await collect_videos(wait_seconds=20)
    for name, rows in {"anna.png · dance": "| Portrait |", "bob.mp4 · lips": "| Clip |"}.items():
        page = await page_of("Filmed", name)
        assert f"| {name.rpartition(' ')[2]} | passed |" in page
        assert rows in page
        assert "data:image/jpeg;base64," in page
    with open_ledger(settings) as ledger:
        told = {job.family: job.brief for job in ledger.jobs.newest()}
    assert told["lips"]["clip"].endswith("in/bob.mp4")
    assert told["dance"]["portrait"].endswith("in/anna.png")


async def page_of(state: str, run_name: str) -> str:
    """Return the page of a run that ended so by now, and was begun here."""
    named = FlowRunFilter(name=FlowRunFilterName(any_=[run_name]))
    async with get_client() as client:
        (run,) = await client.read_flow_runs(flow_run_filter=named)
        artifacts = await client.read_artifacts(flow_run_filter=named)
    assert run.state_name == state
    (page,) = (str(one.data) for one in artifacts if one.type == "markdown")
    return page


def arrival(place: str) -> Arrival:
    bucket, _, key = place.removeprefix("s3://").partition("/")
    return Arrival(bucket, key, None, None, None, None, datetime.now(UTC))
