"""Sweeps of a bucket and of folders, with real parts."""

from __future__ import annotations

import asyncio
import pickle
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.serializers import JSONSerializer

from blocks import ModelStudioCredentials
from flows import screen_portraits as module
from flows.bundle_work import ByRuns
from flows.film_runs import FilmRuns
from flows.screen_portraits import screen_portraits
from greenlight.errors import InputError, SettingsError
from greenlight.ledger import Ledger
from greenlight.ledger.media import KnownMedium
from greenlight.media.kinds import Kind
from greenlight.modelstudio.errors import AuthenticationError
from greenlight.settings import Settings, read_settings
from greenlight.studio.server import StudioServer
from greenlight.work.bundles import BriefDefaults, bundles_in
from greenlight.work.bundles.forecast import Forecast, foresee
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.bundles.work import BundleWork
from greenlight.work.sweep import AT_ONCE, KEPT_REMARKS, Sweep, SweepReport
from tests.bucket import SECRET, Bucket, watch_requests
from tests.conftest import SAMPLES, make_sound
from tests.steering import add_fault, counters, paid
from tests.tasks.test_results import results_in, saved

PNG = (SAMPLES / "astronaut.png").read_bytes()
TWO = (SAMPLES / "made_two.jpg").read_bytes()
EMO = BriefDefaults(models=("emo",))
CHECK, VIDEO = "emo-detect-v1", "emo-v1"

flow_test = pytest.mark.usefixtures("prefect_server", "settings")


async def sweep(
    place: str, defaults: BriefDefaults = EMO, **parameters: Any
) -> tuple[State[SweepReport], SweepReport]:
    state = await screen_portraits(place, defaults=defaults, return_state=True, **parameters)
    report = await state.aresult(raise_on_failure=False)
    if isinstance(report, BaseException):
        raise report
    for secret in ("sk-local", SECRET, "X-Amz-Signature"):
        assert secret not in f"{state.message} {report}"
    return state, report


def task_logs(caplog: pytest.LogCaptureFixture) -> int:
    """Return how many lines the tasks have logged in this test so far."""
    return len([one for one in caplog.records if one.name == "prefect.task_runs"])


async def forecast(place: str, **options: Any) -> Forecast:
    settings = read_settings()
    with Ledger(settings.ledger_url) as ledger:
        surveyor = Surveyor(ledger=ledger, service=settings.service, defaults=EMO)
        return await foresee(place, surveyor, **options)


@pytest.fixture
def mixed(bucket: Bucket, tmp_path: Path) -> str:
    """A prefix with one of each: to be filmed, alone, refused, broken, malformed, too long a sound."""
    voice = make_sound(tmp_path / "voice.wav", seconds=1).read_bytes()
    for number, name in enumerate(("good", "a+b 陽子%41🙂", "malformed", "long")):
        bucket.put(f"in/{name}.png", PNG + bytes([number]))
    bucket.put("in/good.wav", voice)
    bucket.put("in/refused.jpg", TWO)
    bucket.put("in/refused.wav", voice)
    bucket.put("in/broken.png", b"no picture at all")
    bucket.put("in/empty.png", b"")
    bucket.put("in/malformed.json", b'{"mood": "good"}')
    bucket.put("in/long.wav", make_sound(tmp_path / "long.wav", seconds=61).read_bytes())
    bucket.put("in/note.txt", b"hello")
    return f"s3://{bucket.name}/in/"


@flow_test
async def test_a_sweep_pays_what_was_foreseen_and_the_next_one_only_lists(
    bucket: Bucket,
    mixed: str,
    studio: StudioServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    foreseen = await forecast(mixed)
    assert (foreseen.checks, foreseen.films_if_passed, foreseen.films) == (3, 2, 0)
    assert counters(studio)["requests"] == {}

    state, report = await sweep(mixed, out=str(tmp_path / "videos"))
    assert (state.is_completed(), state.name) == (True, "Swept")
    # What is wrong with four of them was found out by the forecast, and is known since.
    assert (report.portraits, report.known) == (7, 4)
    assert report.states == {"failed": 4, "filming": 1, "waiting_for_sound": 1, "rejected": 1}
    assert {one.portrait.rpartition("/")[2] for one in report.failures} == {
        "broken.png",
        "empty.png",
        "malformed.png",
        "long.png",
    }
    assert report.cost_cny == foreseen.checks_cny
    assert paid(studio) == {CHECK: 3, VIDEO: 1}
    assert float(foreseen.price_cny) >= 3 * 0.004 + 0.08

    before, logged = counters(studio), task_logs(caplog)
    assert logged > 0
    with watch_requests(bucket.client) as asked:
        _, report = await sweep(mixed, out=str(tmp_path / "videos"))
    assert [one.operation for one in asked] == ["ListObjectsV2"]
    assert counters(studio) == before
    assert (report.portraits, report.known, report.cost_cny) == (7, 7, 0)
    assert task_logs(caplog) == logged
    again = await forecast(mixed)
    assert (again.price_cny, again.settled.total()) == (0, 7)


@flow_test
async def test_what_was_broken_is_looked_at_again_when_its_content_is_another(
    bucket: Bucket, studio: StudioServer
) -> None:
    place = f"s3://{bucket.name}/in/"
    bucket.put("in/anna.png", b"no picture at all")
    assert (await sweep(place))[1].states == {"failed": 1}
    bucket.put("in/anna.png", PNG)
    assert (await sweep(place))[1].states == {"waiting_for_sound": 1}
    bucket.put("in/anna.png", b"no picture at all")
    _, report = await sweep(place)
    assert (report.states, report.known) == ({"failed": 1}, 1)
    assert paid(studio) == {CHECK: 1}


@flow_test
async def test_a_budget_ends_a_sweep_politely_and_the_next_goes_on(
    tmp_path: Path, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (tmp_path / f"{number}.png").write_bytes(PNG + bytes([number]))
    state, report = await sweep(str(tmp_path), max_cny=0.008)
    assert (state.is_failed(), state.name) == (True, "Over budget")
    assert report.stopped.startswith("budget exceeded for this run: 0")
    assert " of 0.008 CNY spent, 0" in report.stopped
    assert report.stopped.endswith(
        "; what was begun is in the ledger, and the next sweep continues from there"
    )
    assert (report.states["waiting_for_sound"], report.failures) == (2, [])
    assert float(report.cost_cny) == pytest.approx(0.008)
    assert paid(studio) == {CHECK: 2}

    monkeypatch.setenv("GREENLIGHT_MAX_CNY_PER_DAY", "0.016")
    state, report = await sweep(str(tmp_path))
    assert (state.name, report.known) == ("Over budget", 2)
    assert report.stopped.startswith("budget exceeded for 2")
    assert paid(studio) == {CHECK: 4}

    monkeypatch.delenv("GREENLIGHT_MAX_CNY_PER_DAY")
    state, report = await sweep(str(tmp_path))
    assert (state.name, report.states) == ("Swept", {"waiting_for_sound": 5})
    assert paid(studio) == {CHECK: 5}


@flow_test
@pytest.mark.parametrize("of", ["the day", "the run"])
async def test_a_budget_that_has_no_room_for_a_film_ends_a_sweep_too(
    tmp_path: Path, studio: StudioServer, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(PNG + bytes([number]))
        make_sound(tmp_path / f"{number}.wav", seconds=1)
    if of == "the day":
        monkeypatch.setenv("GREENLIGHT_MAX_CNY_PER_DAY", "0.17")
    max_cny = 0.17 if of == "the run" else None
    state, report = await sweep(str(tmp_path), out=str(tmp_path / "videos"), max_cny=max_cny)
    assert state.name == "Over budget"
    assert (report.states["over_budget"], report.failures) == (1, [])
    assert paid(studio) == {CHECK: 2, VIDEO: 1}


@flow_test
async def test_a_refused_key_stops_everything(
    tmp_path: Path, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-wrong-4711")
    for number in range(2 * AT_ONCE + 5):
        (tmp_path / f"{number:02}.png").write_bytes(PNG + bytes([number]))
    with pytest.raises(AuthenticationError) as told:
        await sweep(str(tmp_path))
    assert "4711" not in str(told.value)
    assert paid(studio) == {}
    assert sum(counters(studio)["requests"].values()) <= AT_ONCE


@flow_test
async def test_portraits_may_only_be_screened(tmp_path: Path, studio: StudioServer) -> None:
    (tmp_path / "anna.png").write_bytes(PNG)
    make_sound(tmp_path / "anna.wav", seconds=61)
    for known in (0, 1):
        _, report = await sweep(str(tmp_path), film=False)
        assert (report.states, report.known) == ({"passed": 1}, known)
    assert paid(studio) == {CHECK: 1}


@flow_test
async def test_a_late_json_is_noted_with_the_take_that_makes_its_video(
    tmp_path: Path, studio: StudioServer
) -> None:
    (tmp_path / "anna.png").write_bytes(PNG)
    make_sound(tmp_path / "anna.wav", seconds=1)
    out = str(tmp_path / "videos")
    await sweep(str(tmp_path), out=out)
    (tmp_path / "anna.json").write_text('{"parameters": {"style_level": "active"}}')
    _, report = await sweep(str(tmp_path), out=out)
    (note,) = report.notes
    assert note.portrait == str(tmp_path / "anna.png")
    assert '"take": 2 in anna.json' in note.message
    assert paid(studio) == {CHECK: 1, VIDEO: 1}


@flow_test
@pytest.mark.parametrize(
    ("place", "parameters", "error", "words"),
    [
        ("s3://BUCKET/in/", {"out": "s3://BUCKET/in/videos/"}, SettingsError, "within the watched"),
        ("s3://BUCKET/in/", {"out": "s3://BUCKET/out/a.mp4"}, SettingsError, "is one file"),
        ("s3://BUCKET/in/", {"out": "s3://none-of-ours/out/"}, InputError, "cannot be reached"),
        ("s3://none-of-ours/in/", {}, InputError, "cannot be listed"),
        ("/none/of/ours", {}, InputError, "is not a folder"),
        ("s3://BUCKET/in/", {"defaults": BriefDefaults(models=("emu",))}, SettingsError, "emu is"),
        ("s3://BUCKET/in/", {"defaults": BriefDefaults(sound="none.mp3")}, InputError, "not exist"),
    ],
)
async def test_what_is_wrong_for_all_fails_at_the_start(
    place: str,
    parameters: dict[str, Any],
    error: type[Exception],
    words: str,
    bucket: Bucket,
    studio: StudioServer,
) -> None:
    bucket.put("in/anna.png", PNG)
    parameters = {
        name: value.replace("BUCKET", bucket.name) if isinstance(value, str) else value
        for name, value in parameters.items()
    }
    with pytest.raises(error, match=words):
        await sweep(place.replace("BUCKET", bucket.name), **parameters)
    assert counters(studio)["requests"] == {}


@flow_test
async def test_results_that_cannot_be_kept_fail_a_sweep_at_its_start(
    bucket: Bucket, studio: StudioServer
) -> None:
    bucket.put("in/anna.png", PNG)
    block = await saved("none-of-ours", str(bucket.client.meta.endpoint_url))
    with results_in(block), pytest.raises(SettingsError, match="cannot be written"):
        await sweep(f"s3://{bucket.name}/in/")
    assert counters(studio)["requests"] == {}


@flow_test
async def test_a_place_without_portraits_says_so(tmp_path: Path) -> None:
    state, report = await sweep(str(tmp_path))
    assert state.message == f"there are no portraits in {tmp_path}"
    assert report.portraits == 0


@flow_test
async def test_a_report_survives_every_way_of_keeping_it(tmp_path: Path) -> None:
    (tmp_path / "anna.png").write_bytes(PNG)
    (tmp_path / "eve.png").write_bytes(b"no picture at all")
    _, report = await sweep(str(tmp_path))
    serializer = JSONSerializer()
    kept = serializer.loads(serializer.dumps(report))
    assert kept.model_dump() == report.model_dump()
    assert pickle.loads(pickle.dumps(report)) == report
    checked = screen_portraits.validate_parameters(
        {"place": "s3://box/in/", "defaults": {"models": ["emo"]}, "needs": ["sound", "json"]}
    )
    assert (checked["defaults"], checked["needs"]) == (EMO, ("sound", "json"))


def lay_known(folder: Path, ledger: Ledger, count: int) -> None:
    """Lay so many portraits down that the books know to be broken."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05}.png").touch()
    for page in bundles_in(str(folder)):
        known = [
            KnownMedium(seen=one.parts[Kind.PICTURE][0].key, problem=" is empty") for one in page
        ]
        ledger.media.remember(known)


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


async def tell_nobody(_done: int, _total: int | None) -> None:
    """Nobody watches."""


@pytest.mark.usefixtures("traced")
async def test_a_sweep_needs_no_more_memory_for_more_portraits(
    tmp_path: Path, ledger: Ledger, settings: Settings
) -> None:
    peaks = []
    for count in (600, 3000):
        folder = tmp_path / str(count)
        lay_known(folder, ledger, count)
        credentials = ModelStudioCredentials.from_settings(settings)
        surveyor = Surveyor(ledger=ledger, service=settings.service, defaults=EMO)
        doer = ByRuns(surveyor, credentials, FilmRuns(ledger, settings.service))
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        done = Sweep(str(folder), BundleWork(surveyor, doer))
        await done.run(tell_nobody)
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
        assert (done.known, len(done.failures)) == (count, KEPT_REMARKS)
    assert peaks[1] < peaks[0] * 1.5


@flow_test
async def test_a_sweep_that_breaks_off_waits_for_the_answers_that_are_paid(
    tmp_path: Path, studio: StudioServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_off(*_: object) -> None:
        raise OSError("the server is away")

    monkeypatch.setattr(module, "_teller", lambda _progress: break_off)
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(PNG + bytes([number]))
    add_fault(studio, "slow", "check", seconds=2)
    state = await screen_portraits(str(tmp_path), defaults=EMO, return_state=True)
    assert state.is_failed()
    with Ledger(settings.ledger_url) as ledger:
        now = ledger.standings.of_last(600)
    assert paid(studio) == {CHECK: 2}
    assert (now.awaited, now.paid_cny) == (0, Decimal("0.008"))


@flow_test
async def test_two_sweeps_at_once_pay_once(tmp_path: Path, studio: StudioServer) -> None:
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(PNG + bytes([number]))
    ended = await asyncio.gather(sweep(str(tmp_path)), sweep(str(tmp_path)))
    assert [report.states for _, report in ended] == [{"waiting_for_sound": 4}] * 2
    assert paid(studio) == {CHECK: 4}
