"""Film runs of a deployment: one for a brief, and another only when it came to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.flow_engine import run_flow
from prefect.states import Crashed, Scheduled

from flows import film_runs
from flows.on_upload import on_upload
from flows.portrait_to_video import portrait_to_video
from greenlight.errors import OverBudget
from greenlight.ledger import Budget, Ledger
from greenlight.media.portraits import examine
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from greenlight.work.bundles import BriefDefaults
from greenlight.work.reports import FilmState
from tests.bucket import Bucket
from tests.conftest import SAMPLES
from tests.flows.test_on_upload import HELLO, PNG, WAN, arrival, upload
from tests.steering import add_fault, paid

SUMMED = {"ChecksumAlgorithm": "SHA256"}
LATE = b'{"parameters": {"resolution": "720P"}}'
pytestmark = pytest.mark.usefixtures("prefect_server", "settings")


@pytest.fixture
async def film(tmp_path: Path) -> AsyncIterator[UUID]:
    """The deployment that films, as `deployments/prefect.yaml` has it; nobody runs its runs."""
    deployment = await portrait_to_video.to_deployment(
        "film", parameters={"wait_seconds": 0, "out": str(tmp_path / "videos")}
    )
    deployment_id = await deployment.aapply()
    yield deployment_id
    async with get_client() as client:
        await client.delete_deployment(deployment_id)


async def runs_of(deployment_id: UUID) -> list[FlowRun]:
    """Return a deployment's runs, the oldest first."""
    wanted = FlowRunFilter.model_validate({"deployment_id": {"any_": [str(deployment_id)]}})
    async with get_client() as client:
        runs = await client.read_flow_runs(flow_run_filter=wanted)
    return sorted(runs, key=lambda run: str(run.created))


async def work_off(run: FlowRun) -> Any:
    """Do what a worker does with a run."""
    state: Any = await run_flow(
        portrait_to_video, flow_run=run, parameters=run.parameters, return_type="state"
    )
    return await state.aresult(raise_on_failure=False)


async def test_a_brief_has_one_run_until_it_came_to_nothing(
    bucket: Bucket, studio: StudioServer, film: UUID, settings: Settings
) -> None:
    portrait = bucket.put("in/anna.png", PNG)
    sound = bucket.put("in/anna.mp3", HELLO)
    for _ in range(2):
        state, (told,) = await upload(portrait, sound)
        (run,) = await runs_of(film)
        assert (state.name, told.report.state) == ("Handed over", FilmState.HANDED_OVER)
        assert f"the run {run.name!r} films it" in told.report.message
    assert run.name == "anna.png · wan-s2v"
    assert run.parameters["brief"]["sound"] == sound
    assert "credentials" not in run.parameters
    assert paid(studio) == {"wan2.2-s2v-detect": 1}

    # The same contents elsewhere are the same brief, another take is not.
    bucket.put("copy/eve.png", PNG)
    await upload(bucket.put("copy/eve.mp3", HELLO))
    assert len(await runs_of(film)) == 1
    await upload(bucket.put("in/anna.json", b'{"take": 2}'))
    assert len(await runs_of(film)) == 2
    bucket.client.delete_object(Bucket=bucket.name, Key="in/anna.json")

    async with get_client() as client:
        await client.set_flow_run_state(run.id, Crashed(), force=True)
    await upload(sound)
    *_, second = await runs_of(film)
    assert second.id != run.id
    report = await work_off(second)
    assert report.state in {FilmState.FILMING, FilmState.FILMED}
    await upload(sound)
    assert len(await runs_of(film)) == 3
    assert paid(studio) == {"wan2.2-s2v-detect": 1, "wan2.2-s2v": 1}
    with Ledger(settings.ledger_url) as ledger:
        (job,) = ledger.jobs.newest()
    assert job.brief["portrait"] == portrait


@pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "at once"])
async def test_a_json_that_comes_before_the_video_is_ordered_makes_no_second_one(
    bucket: Bucket, studio: StudioServer, film: UUID, settings: Settings, *, at_once: bool
) -> None:
    bucket.put("in/anna.png", PNG)
    await upload(bucket.put("in/anna.mp3", HELLO))
    await upload(bucket.put("in/anna.json", b'{"parameters": {"resolution": "720P"}}'))
    runs = await runs_of(film)
    assert len(runs) == 2
    if at_once:
        reports = await asyncio.gather(*map(work_off, runs))
    else:
        reports = [await work_off(run) for run in runs]
    assert {report.state for report in reports} <= {FilmState.FILMING, FilmState.FILMED}
    assert paid(studio) == {"wan2.2-s2v-detect": 1, "wan2.2-s2v": 1}
    with Ledger(settings.ledger_url) as ledger:
        (job,) = ledger.jobs.newest()
    assert job.brief["parameters"]["resolution"] == "720P"


async def test_what_is_malformed_by_the_time_of_filming_is_not_filmed(
    bucket: Bucket, studio: StudioServer, film: UUID
) -> None:
    bucket.put("in/anna.png", PNG)
    await upload(bucket.put("in/anna.mp3", HELLO))
    bucket.put("in/anna.wav", HELLO)
    (run,) = await runs_of(film)
    report = await work_off(run)
    assert report.state is FilmState.FAILED
    assert "anna.wav" in report.message
    assert paid(studio) == {"wan2.2-s2v-detect": 1}


async def begin_anew(run_id: UUID, *places: str, max_cny: float) -> State[Any]:
    """Let a run of uploads that crashed, or is over, begin once more."""
    async with get_client() as client:
        await client.set_flow_run_state(run_id, Crashed(), force=True)
        await client.set_flow_run_state(run_id, Scheduled(), force=True)
        run = await client.read_flow_run(run_id)
    parameters = {
        "objects": [arrival(place) for place in places],
        "defaults": WAN,
        "max_cny": max_cny,
    }
    state: Any = await run_flow(on_upload, flow_run=run, parameters=parameters, return_type="state")
    return state


def has_room(settings: Settings, run_id: UUID, max_cny: float, price: str) -> bool:
    """Whether a run could still pay a price, by the ledger."""
    budget = Budget.of_run(str(run_id), max_cny)
    assert budget is not None
    with Ledger(settings.ledger_url) as ledger:
        try:
            ledger.promises.require_room(budget, Decimal(price), "it")
        except OverBudget:
            return False
    return True


async def test_a_run_that_breaks_off_promises_each_film_once_and_gets_back_what_is_not_spent(
    bucket: Bucket,
    studio: StudioServer,
    film: UUID,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sounds = []
    for number in range(2):
        bucket.put(f"in/{number}.png", PNG + bytes([number]))
        sounds.append(bucket.put(f"in/{number}.mp3", HELLO))
    with monkeypatch.context() as patched:
        # It is killed when the film is promised, and has no run yet.
        patched.setattr(film_runs, "_create_run", killed)
        state = await on_upload(
            objects=[arrival(sounds[0])], defaults=WAN, max_cny=3, return_state=True
        )
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    assert await runs_of(film) == []
    # One video of at most 2.5 CNY has room, and a second one has not, whichever attempt comes to it.
    assert not has_room(settings, run_id, 3, "0.5")
    assert (await begin_anew(run_id, sounds[0], max_cny=3)).name == "Handed over"
    state = await begin_anew(run_id, *sounds, max_cny=3)
    assert state.name == "Over budget", state.message
    (run,) = await runs_of(film)

    # The portrait has become one that is too small, so the first film comes to nothing.
    bucket.put("in/0.png", small_picture())
    assert (await work_off(run)).state is FilmState.REJECTED
    assert has_room(settings, run_id, 3, "2.992")
    assert not has_room(settings, run_id, 3, "2.993")
    await begin_anew(run_id, *sounds, max_cny=3)
    _, second = await runs_of(film)
    assert (await work_off(second)).state in {FilmState.FILMING, FilmState.FILMED}
    assert not has_room(settings, run_id, 3, "1")
    assert paid(studio) == {"wan2.2-s2v-detect": 2, "wan2.2-s2v": 1}


def small_picture() -> bytes:
    written = BytesIO()
    Image.new("RGB", (100, 100)).save(written, "PNG")
    return written.getvalue()


async def killed(*_: Any) -> Any:
    raise RuntimeError("killed")


async def test_a_film_that_ended_and_is_begun_again_needs_room_again(
    bucket: Bucket, studio: StudioServer, film: UUID, settings: Settings
) -> None:
    sounds = []
    for number in range(2):
        bucket.put(f"in/{number}.png", PNG + bytes([number]))
        sounds.append(bucket.put(f"in/{number}.mp3", HELLO))
    state, _ = await upload(sounds[0], max_cny=3)
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    (run,) = await runs_of(film)
    other = bucket.put("in/0.wav", HELLO)
    assert (await work_off(run)).state is FilmState.FAILED
    await begin_anew(run_id, sounds[1], max_cny=3)
    bucket.client.delete_object(Bucket=bucket.name, Key=other.rpartition(f"{bucket.name}/")[2])
    async with get_client() as client:
        await client.set_flow_run_state(run.id, Scheduled(), force=True)
        run = await client.read_flow_run(run.id)
    report = await work_off(run)
    assert (report.state, report.cost_cny) == (FilmState.OVER_BUDGET, 0)
    assert "2.5 reserved; this video may cost 2.5" in report.message
    assert paid(studio) == {"wan2.2-s2v-detect": 2}


async def test_each_service_has_runs_of_its_own(
    bucket: Bucket, film: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("in/anna.png", PNG)
    sound = bucket.put("in/anna.mp3", HELLO)
    await upload(sound)
    monkeypatch.setenv("DASHSCOPE_WORKSPACE", "another")
    await upload(sound)
    assert len(await runs_of(film)) == 2


async def test_a_run_may_spend_what_its_video_can_cost_at_most(
    bucket: Bucket, studio: StudioServer, film: UUID, settings: Settings
) -> None:
    places = [bucket.put("in/anna.png", PNG), bucket.put("in/anna.mp3", HELLO)]
    state, _ = await upload(*places, max_cny=20)
    assert state.name == "Handed over", state.message
    (run,) = await runs_of(film)
    # 4 begun seconds of the sound, at 0.5 CNY a second of the smaller picture.
    assert run.parameters["max_cny"] == pytest.approx(2.5)
    # Who hands the same film over too does not pay for it.
    state, _ = await upload(*places, max_cny=30)
    assert state.name == "Handed over", state.message
    other = state.state_details.flow_run_id
    assert other is not None
    assert has_room(settings, other, 30, "30")
    assert (await work_off(run)).state in {FilmState.FILMING, FilmState.FILMED}
    assert paid(studio) == {"wan2.2-s2v-detect": 1, "wan2.2-s2v": 1}


async def test_what_has_no_room_in_a_budget_is_not_handed_over(bucket: Bucket, film: UUID) -> None:
    bucket.put("in/anna.png", PNG)
    state, _ = await upload(bucket.put("in/anna.mp3", HELLO), max_cny=0.5)
    assert state.name == "Over budget"
    assert await runs_of(film) == []


async def test_a_run_that_waits_for_a_template_comes_back_by_itself(
    bucket: Bucket, studio: StudioServer, film: UUID, settings: Settings
) -> None:
    bucket.put("in/anna.png", PNG)
    motion = bucket.put("in/anna.mp4", (SAMPLES / "wave.mp4").read_bytes())
    state, _ = await upload(motion, defaults=BriefDefaults(models=("animate-anyone",)), max_cny=20)
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    (run,) = await runs_of(film)
    # The template is not made before the run looks, however slow this machine is.
    add_fault(studio, "unknown_status", "fetch", times=None)
    report = await work_off(run)
    assert report.state is FilmState.FILMING
    assert "a run comes back to it at " in report.message
    (later,) = [one for one in await runs_of(film) if one.id != run.id]
    assert later.state is not None
    assert (later.state.type, later.parameters) == ("SCHEDULED", run.parameters)
    # What was promised is still held back, for the run that comes back.
    left = Decimal("20") - Decimal("0.004") - Decimal(str(run.parameters["max_cny"]))
    assert has_room(settings, run_id, 20, str(left))
    assert not has_room(settings, run_id, 20, str(left + Decimal("0.001")))


async def test_uploads_at_once_look_for_the_deployment_once_and_make_one_run_each(
    bucket: Bucket, film: UUID
) -> None:
    places = []
    for number in range(3):
        bucket.put(f"in/{number}.png", PNG + bytes([number]))
        places.append(bucket.put(f"in/{number}.mp3", HELLO))
    await asyncio.gather(
        *(
            on_upload(objects=[arrival(place) for place in places], defaults=WAN, return_state=True)
            for _ in range(2)
        )
    )
    assert len({run.id for run in await runs_of(film)}) == 3


@pytest.mark.parametrize("first", [{}, SUMMED], ids=["plain first", "summed first"])
async def test_the_same_bytes_with_and_without_a_checksum_are_filmed_once_and_never_again(
    bucket: Bucket, studio: StudioServer, film: UUID, settings: Settings, first: dict[str, str]
) -> None:
    second = {} if first else SUMMED
    portrait = bucket.put("in/anna.png", PNG, **first)
    await upload(portrait)
    bucket.put("in/anna.png", PNG, **second)
    for _ in range(2):
        state, _ = await upload(portrait)
        assert state.name == "Waiting for sound"
    # To S3 they are two identities, and each is checked once.
    assert paid(studio) == {"wan2.2-s2v-detect": 2}

    sound = bucket.put("in/anna.mp3", HELLO)
    await upload(sound)
    (run,) = await runs_of(film)
    await work_off(run)
    for place in (portrait, sound, bucket.put("in/anna.json", LATE)):
        _, (told,) = await upload(place)
        assert told.report.job is not None
    assert len(await runs_of(film)) == 1
    assert paid(studio) == {"wan2.2-s2v-detect": 2, "wan2.2-s2v": 1}
    with Ledger(settings.ledger_url) as ledger:
        (job,) = ledger.jobs.newest()
    assert job.portrait == (await examine(portrait)).identity

    # Another model's check finds the portrait that it expects too.
    bucket.client.delete_object(Bucket=bucket.name, Key="in/anna.json")
    state, _ = await upload(portrait, defaults=BriefDefaults(models=("emo",)))
    assert state.is_completed(), state.message
    *_, other = await runs_of(film)
    assert other.name == "anna.png · emo"


@pytest.mark.parametrize("first", [{}, SUMMED], ids=["plain first", "summed first"])
async def test_a_sound_with_and_without_a_checksum_under_two_names_makes_one_run_each(
    bucket: Bucket, studio: StudioServer, film: UUID, first: dict[str, str]
) -> None:
    places = []
    for name, way in (("anna", first), ("eve", {} if first else SUMMED)):
        bucket.put(f"in/{name}.png", PNG, **way)
        places.append(bucket.put(f"in/{name}.mp3", HELLO, **way))
        await upload(places[-1])
    runs = await runs_of(film)
    for run in runs:
        await work_off(run)
    for place in places:
        _, (told,) = await upload(place)
        assert told.report.job is not None
    assert len(await runs_of(film)) == len(runs) == 2
    assert paid(studio) == {"wan2.2-s2v-detect": 2, "wan2.2-s2v": 2}
