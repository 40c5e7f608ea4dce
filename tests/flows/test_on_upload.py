"""A batch of uploads, with real parts: a bucket over HTTP, a studio and a Prefect server."""

from __future__ import annotations

import asyncio
import json
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import Artifact, FlowRun, State
from prefect.serializers import JSONSerializer, PickleSerializer

from flows.ending import BundleReport
from flows.on_upload import on_upload
from greenlight.errors import SettingsError
from greenlight.ledger import Ledger
from greenlight.modelstudio.errors import AuthenticationError
from greenlight.modelstudio.families.wan_s2v import WanS2vVerdict
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from greenlight.uploads.events import Arrival
from greenlight.work.bundles import BriefDefaults
from greenlight.work.reports import FilmState
from tasks.events import FEWEST_CHECKS, MANY_REFUSALS
from tests.bucket import SECRET, Bucket
from tests.conftest import SAMPLES, make_sound
from tests.ledger.values import REFUSED, book
from tests.steering import add_fault, counters, paid, received

pytestmark = pytest.mark.usefixtures("prefect_server", "settings")

PNG = (SAMPLES / "astronaut.png").read_bytes()
TWO = (SAMPLES / "made_two.jpg").read_bytes()
HELLO = (SAMPLES / "hello.mp3").read_bytes()
WAN = BriefDefaults(models=("wan-s2v",))
CHECK, VIDEO = "wan2.2-s2v-detect", "wan2.2-s2v"
SECRETS = ("sk-local", SECRET, "X-Amz-Signature", "X-Amz-Credential")


def arrival(place: str) -> Arrival:
    bucket, _, key = place.removeprefix("s3://").partition("/")
    return Arrival(bucket, key, None, None, None, None, datetime.now(UTC))


async def upload(
    *places: str, defaults: BriefDefaults = WAN, **parameters: Any
) -> tuple[State[list[BundleReport]], list[BundleReport]]:
    state = await on_upload(
        objects=[arrival(place) for place in places],
        defaults=defaults,
        return_state=True,
        **parameters,
    )
    reports = await state.aresult(raise_on_failure=False)
    if isinstance(reports, BaseException):
        raise reports
    for secret in SECRETS:
        assert secret not in f"{state.message} {reports}"
    return state, reports


async def run_of(state: State[Any]) -> FlowRun:
    assert state.state_details.flow_run_id is not None
    async with get_client() as client:
        return await client.read_flow_run(state.state_details.flow_run_id)


async def test_a_portrait_is_screened_and_filmed_when_its_sound_comes_and_never_again(
    bucket: Bucket, studio: StudioServer, tmp_path: Path
) -> None:
    portrait = bucket.put("in/a+b 陽子%41.png", PNG)
    state, _ = await upload(portrait)
    assert (state.is_completed(), state.name) == (True, "Waiting for sound")
    run = await run_of(state)
    assert run.name == "a+b 陽子%41.png"
    assert "outcome:waiting_for_sound" in run.tags
    assert paid(studio) == {CHECK: 1}

    sound = bucket.put("in/a+b 陽子%41.mp3", HELLO)
    for objects in ([sound], [portrait, sound], [sound, sound]):
        state, (told,) = await upload(*objects, out=str(tmp_path / "videos"))
        assert state.name in {"Filming", "Filmed"}, state.message
        assert told.portrait == portrait
        assert isinstance(told.report.verdict, WanS2vVerdict)
        assert paid(studio) == {CHECK: 1, VIDEO: 1}


async def test_a_json_that_comes_late_is_reported_with_the_take_that_makes_its_video(
    bucket: Bucket, studio: StudioServer, tmp_path: Path
) -> None:
    out = str(tmp_path / "videos")
    bucket.put("in/anna.png", PNG)
    await upload(bucket.put("in/anna.mp3", HELLO), out=out)
    details = {"parameters": {"resolution": "720P"}}
    late = bucket.put("in/anna.json", json.dumps(details).encode())
    state, _ = await upload(late, out=out)
    assert state.name in {"Filming", "Filmed"}
    assert '"take": 2 in anna.json makes, and pays for, a new one' in str(state.message)
    assert paid(studio) == {CHECK: 1, VIDEO: 1}
    bucket.put("in/anna.json", json.dumps(details | {"take": 2}).encode())
    state, (told,) = await upload(late, out=out)
    assert (state.name, told.report.note) == ("Filming", "")
    assert paid(studio) == {CHECK: 1, VIDEO: 2}


async def artifacts_of(state: State[Any]) -> list[Artifact]:
    """Return what a run shows."""
    assert state.state_details.flow_run_id is not None
    of_run = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id])
    )
    async with get_client() as client:
        return await client.read_artifacts(artifact_filter=of_run)


async def test_what_a_header_or_the_books_refuse_is_shown_beside_what_was_checked(
    bucket: Bucket, studio: StudioServer
) -> None:
    known = bucket.put("in/known.jpg", TWO)
    await upload(known)
    small = bucket.put("in/small.png", (SAMPLES / "chelsea.png").read_bytes())
    state, _ = await upload(known, small, bucket.put("in/anna.png", PNG))
    assert (await run_of(state)).name == "anna.png, known.jpg, small.png"
    assert str(state.message).startswith("2 rejected (")
    assert "1 waiting for sound (anna.png)" in str(state.message)
    shown = {str(one.key): one for one in await artifacts_of(state)}
    assert shown["refused-wan-s2v"].description == "2 of 3 refused: known.jpg, small.png"
    prices = {
        row["portrait"]: row["price (CNY)"]
        for row in json.loads(str(shown["verdicts-wan-s2v"].data))
    }
    assert prices == {"known.jpg": "0", "small.png": "0", "anna.png": "0.004"}
    assert paid(studio) == {CHECK: 2}


async def test_the_page_of_one_portrait_says_what_its_check_cost(bucket: Bucket) -> None:
    state, _ = await upload(bucket.put("in/two.jpg", TWO))
    shown = await artifacts_of(state)
    (page,) = [one for one in shown if one.type == "markdown"]
    assert "| Paid by this run | 0.004 CNY |" in str(page.data)


async def test_many_refusals_of_a_day_are_told_however_few_come_at_once(
    bucket: Bucket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr("tasks.events.emit_event", lambda **event: told.append(event))
    places = [bucket.put(f"in/{number}.jpg", TWO + bytes([number])) for number in range(2)]
    with Ledger(settings.ledger_url) as ledger:
        for number in range(FEWEST_CHECKS - 2):
            book(ledger, REFUSED, service=settings.service, portrait=f"sha256-{number}")
    for place in places:
        assert MANY_REFUSALS not in [event["event"] for event in told]
        await upload(place)
    (many,) = [event for event in told if event["event"] == MANY_REFUSALS]
    assert many["payload"]["reason"] == "20 of 20 portraits were refused"
    assert many["resource"]["prefect.resource.name"] == "today's checks"


async def test_a_run_is_called_by_its_portraits(bucket: Bucket) -> None:
    places = [bucket.put(f"in/{name}", PNG) for name in ("b.png", "a.png", "c.png")]
    sound = bucket.put("in/a.mp3", HELLO)
    more = [bucket.put(f"in/{name}", HELLO) for name in ("d.mp3", "e.wav")]
    state, _ = await upload(*places, sound, *more, max_cny=0)
    assert (await run_of(state)).name == "a.png, b.png, c.png and 2 more"


async def test_one_batch_of_everything_ends_each_in_its_own_way(
    bucket: Bucket, studio: StudioServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    two_sounds = [bucket.put(f"in/two.{ending}", HELLO) for ending in ("mp3", "wav")]
    bucket.put("in/two.png", PNG)
    gone = bucket.put("in/gone.png", PNG)
    half_gone = bucket.put("in/half.png", PNG)
    for key in ("gone.png", "half.png"):
        bucket.client.delete_object(Bucket=bucket.name, Key=f"in/{key}")
    bucket.put("in/malformed.png", PNG)
    bucket.put("in/long.png", PNG)
    long = make_sound(tmp_path / "long.wav", seconds=61).read_bytes()
    note = bucket.put("in/note.txt", b"hello")
    state, reports = await upload(
        *two_sounds,
        gone,
        half_gone,
        bucket.put("in/half.mp3", HELLO),
        bucket.put("in/alone.mp3", HELLO),
        bucket.put("in/malformed.json", b'{"models": ["emu"]}'),
        bucket.put("in/broken.png", b"no picture at all"),
        bucket.put("in/long.wav", long),
        bucket.put("in/refused.jpg", TWO),
        bucket.put("in/good 🙂.png", PNG),
        note,
        note,
        defaults=BriefDefaults(models=("animate-anyone",)),
    )
    ends = {one.portrait.rpartition("/")[2]: one.report.state for one in reports}
    assert ends == {
        "half": FilmState.WAITING_FOR_PORTRAIT,
        "alone": FilmState.WAITING_FOR_PORTRAIT,
        "two.png": FilmState.FAILED,
        "malformed.png": FilmState.FAILED,
        "broken.png": FilmState.FAILED,
        "refused.jpg": FilmState.REJECTED,
        "good 🙂.png": FilmState.WAITING_FOR_SOUND,
        # Of animate-anyone's models none is moved by a sound, so it is nobody's concern.
        "long.png": FilmState.WAITING_FOR_SOUND,
    }
    said = {one.portrait.rpartition("/")[2]: one.report.message for one in reports}
    assert said["two.png"].endswith("so keep one; nothing was spent.")
    assert said["malformed.png"].startswith(
        f"s3://{bucket.name}/in/malformed.json cannot be used: models: emu is not a model"
    )
    assert said["broken.png"].startswith(f"s3://{bucket.name}/in/broken.png is not a picture")
    assert (state.is_failed(), state.name) == (True, "Failed")
    assert str(state.message).startswith("3 failed (")
    assert "1 rejected (" in str(state.message)
    assert {"outcome:failed", "outcome:rejected"} <= set((await run_of(state)).tags)
    assert f"{note} is no picture, sound, video or json" in caplog.text
    # Contents count, not names: the same picture is paid for once.
    assert paid(studio) == {"animate-anyone-detect-gen2": 2}

    again, _ = await upload(bucket.put("in/good 🙂.mp4", (SAMPLES / "wave.mp4").read_bytes()))
    assert again.name == "Waiting for sound"
    for serializer in (PickleSerializer(), JSONSerializer()):
        kept = serializer.loads(serializer.dumps(reports))
        assert [one.model_dump() for one in kept] == [one.model_dump() for one in reports]
    assert pickle.loads(pickle.dumps(state)).name == "Failed"


async def test_what_needs_a_json_waits_for_it(bucket: Bucket, studio: StudioServer) -> None:
    bucket.put("in/anna.png", PNG)
    sound = bucket.put("in/anna.mp3", HELLO)
    state, _ = await upload(sound, needs=("sound", "json"))
    assert state.name == "Waiting for json"
    assert paid(studio) == {CHECK: 1}
    told = bucket.put("in/anna.json", json.dumps({"models": ["liveportrait"]}).encode())
    state, (one,) = await upload(told, needs=("sound", "json"))
    assert (state.name, one.report.verdicts[0].model) == ("Filming", "liveportrait")
    assert paid(studio) == {CHECK: 1, "liveportrait-detect": 1, "liveportrait": 1}


async def test_a_motion_beside_a_portrait_drives_animate_anyone(
    bucket: Bucket, studio: StudioServer
) -> None:
    bucket.put("in/anna.png", PNG)
    motion = bucket.put("in/anna.mp4", (SAMPLES / "wave.mp4").read_bytes())
    # However long the run takes to look, the template is not made when it does.
    add_fault(studio, "unknown_status", "fetch")
    state, _ = await upload(motion, defaults=BriefDefaults(models=("animate-anyone",)))
    assert state.name == "Filming"
    assert paid(studio) == {"animate-anyone-detect-gen2": 1, "animate-anyone-template-gen2": 1}


async def test_a_text_alone_is_nothing_to_do(bucket: Bucket, studio: StudioServer) -> None:
    state, reports = await upload(bucket.put("in/note.txt", b"hello"))
    assert (state.name, state.message, reports) == ("Done", "nothing to do", [])
    assert counters(studio)["requests"] == {}


async def test_what_was_overwritten_since_it_was_listed_is_worked_on_as_it_is_now(
    bucket: Bucket, studio: StudioServer, settings: Settings
) -> None:
    portrait = bucket.put("in/anna.png", TWO)

    def overwrite(**_: Any) -> None:
        bucket.client.meta.events.unregister("before-send.s3.HeadObject", overwrite)
        bucket.put("in/anna.png", PNG)

    bucket.client.meta.events.register("before-send.s3.HeadObject", overwrite)
    state, (told,) = await upload(portrait, defaults=BriefDefaults(models=("animate-anyone",)))
    assert state.name == "Waiting for sound", state.message
    assert told.report.verdict is not None
    assert told.report.verdict.passed
    assert paid(studio) == {"animate-anyone-detect-gen2": 1}


async def test_what_is_overwritten_during_its_check_is_checked_again_and_only_the_newest_counts(
    bucket: Bucket, studio: StudioServer, settings: Settings
) -> None:
    portrait = bucket.put("in/anna.png", TWO)
    add_fault(studio, "slow", "check", when="before", seconds=0.7)
    running = asyncio.create_task(
        upload(portrait, defaults=BriefDefaults(models=("animate-anyone",)))
    )
    while not received(studio, "check"):
        await asyncio.sleep(0.01)
    bucket.put("in/anna.png", PNG)
    state, (told,) = await running
    assert state.name == "Waiting for sound", state.message
    assert told.report.verdict is not None
    assert told.report.verdict.passed
    # Both were paid, and only the second is ever used.
    assert paid(studio) == {"animate-anyone-detect-gen2": 2}
    with Ledger(settings.ledger_url) as ledger:
        assert len(ledger.history.checks()) == 1


async def test_what_is_deleted_since_it_was_listed_waits_for_its_portrait(
    bucket: Bucket, studio: StudioServer
) -> None:
    portrait = bucket.put("in/anna.png", PNG)

    def delete(**_: Any) -> None:
        bucket.client.meta.events.unregister("before-send.s3.HeadObject", delete)
        bucket.client.delete_object(Bucket=bucket.name, Key="in/anna.png")

    bucket.client.meta.events.register("before-send.s3.HeadObject", delete)
    state, (told,) = await upload(portrait)
    assert state.name == "Waiting for portrait"
    assert told.report.message == "there is no portrait called anna yet"
    assert paid(studio) == {}


async def test_the_output_within_what_is_watched_is_refused(
    bucket: Bucket, studio: StudioServer
) -> None:
    portrait = bucket.put("in/anna.png", PNG)
    for out in (f"s3://{bucket.name}/in/videos/", f"s3://{bucket.name}/in/"):
        with pytest.raises(SettingsError, match="is within the watched"):
            await upload(portrait, out=out)
    with pytest.raises(SettingsError, match="is one file, and there may be many videos"):
        await upload(portrait, out=f"s3://{bucket.name}/videos/anna.mp4")
    assert counters(studio)["requests"] == {}


async def test_a_refused_key_fails_the_run_and_is_in_no_message(
    bucket: Bucket, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-wrong-4711")
    with pytest.raises(AuthenticationError) as told:
        await upload(bucket.put("in/anna.png", PNG))
    assert "4711" not in str(told.value)
    assert paid(studio) == {}


async def test_a_run_that_may_spend_nothing_is_over_its_budget(
    bucket: Bucket, studio: StudioServer
) -> None:
    state, _ = await upload(bucket.put("in/anna.png", PNG), max_cny=0.003)
    assert (state.is_failed(), state.name) == (True, "Over budget")
    assert str(state.message).endswith("nothing was sent.")
    assert counters(studio)["requests"] == {}


async def test_a_run_of_a_deployment_reads_its_parameters_from_json(
    bucket: Bucket, studio: StudioServer
) -> None:
    from prefect.flow_engine import run_flow

    deployment = await on_upload.to_deployment(
        "json", parameters={"defaults": {"models": ["wan-s2v"]}, "needs": ["sound"], "out": None}
    )
    deployment_id = await deployment.aapply()
    objects = [arrival(bucket.put("in/anna.png", PNG)).as_json()]
    async with get_client() as client:
        run = await client.create_flow_run_from_deployment(
            deployment_id, parameters={"objects": objects}
        )
        await run_flow(on_upload, flow_run=run, parameters=run.parameters, return_type="state")
        ended = await client.read_flow_run(run.id)
        await client.delete_deployment(deployment_id)
    assert ended.state is not None
    assert (ended.name, ended.state.name) == ("anna.png", "Waiting for sound")
    assert paid(studio) == {CHECK: 1}
