"""One brief, from its portrait to its stored video, with real parts: a studio and a Prefect server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from prefect import get_client
from prefect.client.schemas.objects import FlowRun, State

from flows.portrait_to_video import portrait_to_video
from greenlight.briefs.brief import Brief
from greenlight.errors import InputError, SettingsError
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.services import connect
from greenlight.settings import read_settings
from greenlight.studio.server import StudioServer
from greenlight.work.reports import FilmReport, FilmState
from tests.bucket import Bucket
from tests.conftest import SAMPLES, make_sound

pytestmark = pytest.mark.usefixtures("prefect_server", "settings")


async def run(brief: Brief, **parameters: Any) -> tuple[State[FilmReport], FilmReport]:
    state = await portrait_to_video(brief, return_state=True, **parameters)
    return state, await state.aresult(raise_on_failure=False)


def paid(studio: StudioServer) -> dict[str, int]:
    """Return the paid requests by model, as the studio counted them."""
    counters = httpx.get(f"{studio.url}/_studio/counters").json()
    return dict(counters["checks_paid"]) | dict(counters["creates_accepted"])


async def flow_run_of(state: State[Any]) -> FlowRun:
    assert state.state_details.flow_run_id is not None
    async with get_client() as client:
        return await client.read_flow_run(state.state_details.flow_run_id)


def size_and_length(video: str) -> tuple[tuple[int, int], float]:
    with av.open(video) as container:
        stream = container.streams.video[0]
        assert container.duration is not None
        return (stream.width, stream.height), container.duration / av.time_base


async def test_a_portrait_that_passes_is_filmed_and_stored(
    astronaut: Path, sound: Path, tmp_path: Path, studio: StudioServer
) -> None:
    brief = Brief(models=("emo",), portrait=str(astronaut), sound=str(sound))
    state, report = await run(brief, out=str(tmp_path / "videos"))
    assert (state.is_completed(), state.name, report.state) == (True, "Filmed", FilmState.FILMED)
    assert report.video is not None
    assert Path(report.video).parent == tmp_path / "videos"
    size, seconds = size_and_length(report.video)
    assert size == (512, 512)
    assert seconds == pytest.approx(1.0, abs=0.2)
    assert isinstance(report.verdict, EmoVerdict)
    assert report.verdict.face_bbox is not None
    assert paid(studio) == {"emo-detect-v1": 1, "emo-v1": 1}
    flow_run = await flow_run_of(state)
    assert flow_run.name == "astronaut.png · emo"
    assert "outcome:filmed" in flow_run.tags


async def test_the_half_body_of_emo_has_its_own_size_and_price(
    astronaut: Path, sound: Path
) -> None:
    _, report = await run(
        Brief(models=("emo",), portrait=str(astronaut), sound=str(sound), ratio="3:4")
    )
    assert report.video is not None
    assert size_and_length(report.video)[0] == (512, 704)
    assert float(report.cost_cny) == pytest.approx(0.004 + 0.16 * (report.seconds or 0))


async def test_the_same_brief_again_pays_nothing_and_gives_the_same_video(
    astronaut: Path, sound: Path, tmp_path: Path, studio: StudioServer
) -> None:
    _, first = await run(Brief(models=("emo",), portrait=str(astronaut), sound=str(sound)))
    copy = tmp_path / "copy of it.png"
    copy.write_bytes(astronaut.read_bytes())
    _, second = await run(Brief(models=("emo",), portrait=str(copy), sound=str(sound)))
    assert (second.state, second.video, second.sha256) == (first.state, first.video, first.sha256)
    assert (second.cached, second.cost_cny) == (True, 0)
    assert paid(studio) == {"emo-detect-v1": 1, "emo-v1": 1}


async def test_another_take_pays_for_another_video(
    astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    _, first = await run(Brief(models=("emo",), portrait=str(astronaut), sound=str(sound)))
    _, second = await run(Brief(models=("emo",), portrait=str(astronaut), sound=str(sound), take=2))
    assert first.video != second.video
    assert paid(studio) == {"emo-detect-v1": 1, "emo-v1": 2}


@pytest.mark.parametrize("folder", ["local", "in a bucket"])
async def test_a_place_that_another_video_has_is_told_before_anything_is_paid(
    folder: str, astronaut: Path, sound: Path, tmp_path: Path, studio: StudioServer, bucket: Bucket
) -> None:
    place = f"{tmp_path if folder == 'local' else f's3://{bucket.name}'}/both.mp4"
    first = Brief(portrait=str(astronaut), models=("liveportrait",), sound=str(sound))
    _, report = await run(first, out=place)
    assert report.video == place
    before = paid(studio)
    for other in (
        first.model_copy(update={"take": 2}),
        first.model_copy(update={"models": ("emo",)}),
    ):
        with pytest.raises(InputError, match="name another place"):
            await portrait_to_video(other, out=place)
    assert paid(studio) == before
    _, again = await run(first, out=place)
    assert (again.video, again.sha256, again.cost_cny) == (place, report.sha256, 0)


async def test_a_refused_portrait_ends_as_rejected_with_its_reason(
    sound: Path, studio: StudioServer
) -> None:
    brief = Brief(
        portrait=str(SAMPLES / "made_two.jpg"), models=("animate-anyone",), sound=str(sound)
    )
    state, report = await run(brief)
    assert (state.is_completed(), state.name) == (True, "Rejected")
    assert "two people" in str(state.message)
    assert report.video is None
    assert paid(studio) == {"animate-anyone-detect-gen2": 1}
    assert "outcome:rejected" in (await flow_run_of(state)).tags


async def test_a_preflight_refusal_costs_nothing(sound: Path, studio: StudioServer) -> None:
    state, report = await run(
        Brief(models=("emo",), portrait=str(SAMPLES / "chelsea.png"), sound=str(sound))
    )
    assert state.name == "Rejected"
    assert report.verdict is not None
    assert report.verdict.by == "preflight"
    assert paid(studio) == {}


async def test_of_several_models_the_first_that_passes_is_filmed(
    sound: Path, studio: StudioServer
) -> None:
    brief = Brief(
        portrait=str(SAMPLES / "made_two.jpg"),
        models=("emo", "liveportrait", "wan-s2v"),
        sound=str(sound),
    )
    _, report = await run(brief)
    assert [(verdict.model, verdict.passed) for verdict in report.verdicts] == [
        ("emo", False),
        ("liveportrait", True),
    ]
    assert paid(studio) == {"emo-detect-v1": 1, "liveportrait-detect": 1, "liveportrait": 1}


async def test_a_portrait_without_a_sound_is_screened_and_waits(
    astronaut: Path, studio: StudioServer
) -> None:
    state, report = await run(Brief(portrait=str(astronaut), models=("wan-s2v",)))
    assert (state.is_completed(), state.name) == (True, "Waiting for sound")
    assert report.verdict is not None
    assert report.verdict.passed
    assert paid(studio) == {"wan2.2-s2v-detect": 1}


async def test_a_motion_becomes_a_template_once_for_all_portraits(
    astronaut: Path, tmp_path: Path, studio: StudioServer
) -> None:
    motion = str(SAMPLES / "wave.mp4")
    other = tmp_path / "other.png"
    other.write_bytes(astronaut.read_bytes() + b"\0")
    for portrait in (astronaut, other):
        state, report = await run(
            Brief(portrait=str(portrait), models=("animate-anyone",), motion=motion)
        )
        assert state.name == "Filmed", state.message
        assert "a half body is filmed before the picture's own background" in report.message
    assert paid(studio) == {
        "animate-anyone-detect-gen2": 2,
        "animate-anyone-template-gen2": 1,
        "animate-anyone-gen2": 2,
    }


async def test_a_wait_that_ends_keeps_the_task_and_the_same_brief_goes_on_with_it(
    astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    brief = Brief(portrait=str(astronaut), models=("liveportrait",), sound=str(sound))
    state, report = await run(brief, wait_seconds=0)
    assert (state.is_completed(), state.name) == (True, "Filming")
    assert report.task_id is not None
    assert report.task_id in report.message
    _, later = await run(brief)
    assert (later.state, later.task_id) == (FilmState.FILMED, report.task_id)
    assert paid(studio) == {"liveportrait-detect": 1, "liveportrait": 1}


async def test_a_lost_answer_to_the_paying_request_is_ambiguous_and_never_sent_again(
    astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    fault = {"fault": "drop", "on": "create", "when": "after"}
    httpx.post(f"{studio.url}/_studio/faults", json=fault).raise_for_status()
    brief = Brief(models=("emo",), portrait=str(astronaut), sound=str(sound))
    for _ in range(2):
        state, report = await run(brief)
        assert (state.is_failed(), state.name) == (True, "Ambiguous")
        assert report.error is not None
        assert report.error.spent
    assert paid(studio) == {"emo-detect-v1": 1, "emo-v1": 1}


async def test_a_check_is_tried_again_when_the_error_allows_it(
    astronaut: Path, studio: StudioServer
) -> None:
    fault = {"fault": "throttle", "on": "check", "times": 2, "retry_after": "0"}
    httpx.post(f"{studio.url}/_studio/faults", json=fault).raise_for_status()
    state, _ = await run(Brief(models=("emo",), portrait=str(astronaut)))
    assert state.name == "Waiting for sound"
    assert paid(studio) == {"emo-detect-v1": 1}


async def test_a_fresh_refusal_counts_for_another_take_whatever_prefect_has_cached(
    astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    brief = Brief(models=("emo",), portrait=str(astronaut), sound=str(sound))
    assert (await run(brief))[0].name == "Filmed"
    fault = {"fault": "refusal", "on": "check", "shape": 2, "code": "InvalidPerson"}
    httpx.post(f"{studio.url}/_studio/faults", json=fault).raise_for_status()
    async with connect(read_settings()) as services:
        await services.screener.screen(
            await examine(str(astronaut)), catalog.family("emo"), fresh=True
        )
    state, report = await run(brief.model_copy(update={"take": 2}))
    assert state.name == "Rejected"
    assert report.verdict is not None
    assert report.verdict.code == "InvalidPerson"
    assert paid(studio) == {"emo-detect-v1": 2, "emo-v1": 1}


async def test_a_budget_that_the_video_could_break_is_refused_before_anything_is_paid(
    astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    state, report = await run(
        Brief(models=("emo",), portrait=str(astronaut), sound=str(sound)), max_cny=0.05
    )
    assert (state.is_failed(), state.name) == (True, "Over budget")
    assert float(report.price_cny or 0) == pytest.approx(0.164)
    assert paid(studio) == {}


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"portrait": "nobody.png"}, InputError, "does not exist"),
        ({"sound": "long"}, InputError, "s long"),
        ({"sound": str(SAMPLES / "astronaut.png")}, InputError, "is not a sound"),
        ({"parameters": {"style_level": "wild"}}, SettingsError, "style_level"),
    ],
)
async def test_a_bad_brief_is_told_before_anything_is_paid(
    change: dict[str, Any],
    error: type[Exception],
    words: str,
    astronaut: Path,
    tmp_path: Path,
    studio: StudioServer,
) -> None:
    if change.get("sound") == "long":
        change = {"sound": str(make_sound(tmp_path / "long.wav", seconds=61))}
    state, report = await run(Brief(**{"models": ("emo",), "portrait": str(astronaut)} | change))
    assert state.is_failed()
    assert isinstance(report, error)
    assert words in str(report)
    assert paid(studio) == {}
