"""Every paid video ends whole in its place, however long that takes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import av
import pytest

from greenlight.briefs.brief import Brief
from greenlight.errors import StorageError
from greenlight.filming import collecting
from greenlight.filming.collecting import collect
from greenlight.filming.filmer import Filmer
from greenlight.filming.orders import order_template
from greenlight.filming.prices import cost_cny
from greenlight.ledger import Claim, Job, JobState, Ledger
from greenlight.media.files import hash_file
from greenlight.media.recordings import examine_motion
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.studio.server import StudioServer
from greenlight.videos import storing
from greenlight.videos.naming import video_path
from greenlight.videos.storing import StoredVideo
from tests.conftest import SAMPLES
from tests.doubts import RunningClock
from tests.production import Production, produce
from tests.steering import add_fault, paid, received


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "AGAIN_AFTER_SECONDS", 0)


@pytest.fixture(autouse=True)
def _nothing_half_written(tmp_path: Path) -> Iterator[None]:
    yield
    assert not list(tmp_path.rglob("*.part"))


async def filmed(production: Production, out: Path) -> Job:
    return await production.collect(await production.submitted(), out)


async def test_a_video_is_stored_whole_and_its_job_closed(
    production: Production, tmp_path: Path
) -> None:
    job = await filmed(production, tmp_path / "videos")
    assert job.state is JobState.SUCCEEDED
    stored = Path(str(job.place))
    assert stored.parent == tmp_path / "videos"
    assert stored.name.startswith("astronaut-liveportrait-")
    assert job.sha256 == hashlib.sha256(stored.read_bytes()).hexdigest()
    with av.open(str(stored)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 20
    assert job.seconds == pytest.approx(1.0, abs=0.1)
    assert job.cost_cny == cost_cny(job.seconds or 0, Decimal("0.02"))
    assert production.booked() == job


async def test_a_finished_job_is_not_asked_for_again(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    job = await filmed(production, tmp_path)
    asked = received(studio, "fetch"), received(studio, "result")
    assert await production.collect(job, tmp_path) == job
    assert (received(studio, "fetch"), received(studio, "result")) == asked


async def test_a_service_that_dies_after_the_task_was_accepted_loses_nothing(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    job = await production.submitted()
    assert production.booked().task_id == job.task_id
    await asyncio.to_thread(studio.stop)
    waiting = await production.collect(job, tmp_path, wait_seconds=0.1)
    assert (waiting.state, waiting.task_id) == (JobState.SUBMITTED, job.task_id)
    await asyncio.to_thread(studio.start)
    later = await production.collect(waiting, tmp_path)
    assert (later.state, later.task_id) == (JobState.SUCCEEDED, job.task_id)
    assert paid(studio) == {"liveportrait": 1}


async def test_a_truncated_video_is_not_stored_and_a_later_collect_stores_it(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    job = await production.submitted()
    add_fault(studio, "truncated_video", "result")
    with pytest.raises(StorageError, match="cut off; its job stays open") as caught:
        await production.collect(job, tmp_path / "videos")
    assert caught.value.spent
    assert not list((tmp_path / "videos").iterdir())
    assert production.booked().state is JobState.SUBMITTED
    assert (await production.collect(job, tmp_path / "videos")).state is JobState.SUCCEEDED
    assert paid(studio) == {"liveportrait": 1}


@pytest.mark.parametrize("fault", ["dead_link", "drop"])
async def test_a_download_that_fails_is_begun_again(
    fault: str, production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    job = await production.submitted()
    add_fault(studio, fault, "result", times=2)
    assert (await production.collect(job, tmp_path)).state is JobState.SUCCEEDED
    assert received(studio, "result") == 3


async def test_a_dead_link_is_told_without_its_signature_and_the_job_stays_open(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    job = await production.submitted()
    add_fault(studio, "dead_link", "result", times=storing.TRIES)
    with pytest.raises(StorageError, match="answered 404") as caught:
        await production.collect(job, tmp_path)
    told = caught.value
    assert told.text().endswith("money was spent on it.")
    assert "Signature" not in told.text()
    assert "?" not in told.text()
    assert production.booked().state is JobState.SUBMITTED
    assert (await production.collect(job, tmp_path)).state is JobState.SUCCEEDED


async def test_a_job_that_failed_comes_back_closed(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    add_fault(studio, "job_fails", "create", code="InternalError.Algo", message="No lips.")
    job = await filmed(production, tmp_path / "videos")
    assert (job.state, job.code, job.message) == (
        JobState.FAILED,
        "InternalError.Algo",
        "No lips.",
    )
    assert not job.cost_cny
    assert not (tmp_path / "videos").exists()


async def test_a_job_whose_answer_was_lost_is_not_followed(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    add_fault(studio, "drop", "create", when="after")
    assert (await filmed(production, tmp_path)).state is JobState.AMBIGUOUS
    assert received(studio, "fetch") == 0


async def test_a_stored_video_is_copied_to_where_it_is_wanted_now(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    first = await filmed(production, tmp_path / "videos")
    again = await production.collect(first, tmp_path / "elsewhere" / "anna.mp4")
    assert again.place == str(tmp_path / "elsewhere" / "anna.mp4")
    assert Path(again.place).read_bytes() == Path(str(first.place)).read_bytes()
    assert production.booked().place == first.place
    assert received(studio, "result") == 1


async def test_another_file_in_the_place_of_a_copy_stays(
    production: Production, tmp_path: Path
) -> None:
    first = await filmed(production, tmp_path / "videos")
    wanted = tmp_path / "anna.mp4"
    wanted.write_bytes(b"an older film")
    with pytest.raises(StorageError, match="something else is there") as caught:
        await production.collect(first, wanted)
    assert str(first.place) in str(caught.value)
    assert wanted.read_bytes() == b"an older film"


async def test_a_stored_video_that_vanished_is_fetched_again_for_nothing(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    job = await filmed(production, tmp_path / "videos")
    Path(str(job.place)).unlink()
    again = await production.collect(job, tmp_path / "elsewhere")
    assert Path(str(again.place)).parent == tmp_path / "elsewhere"
    assert hash_file(Path(str(again.place)))[0] == f"sha256-{job.sha256}"
    assert production.booked().place == again.place
    assert paid(studio) == {"liveportrait": 1}


async def test_a_stored_video_that_vanished_too_late_is_told(
    production: Production, tmp_path: Path, clock: RunningClock, studio: StudioServer
) -> None:
    job = await filmed(production, tmp_path / "videos")
    Path(str(job.place)).unlink()
    clock.turn(25 * 3600)
    with pytest.raises(StorageError, match="is gone, and the vendor no longer has the video"):
        await production.collect(job, tmp_path / "elsewhere")
    assert paid(studio) == {"liveportrait": 1}


async def test_another_video_in_its_place_is_not_taken_for_it(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path, tmp_path: Path
) -> None:
    out = tmp_path / "film.mp4"
    first = await produce(client, ledger, astronaut, sound, take=1)
    job = await filmed(first, out)
    out.write_bytes(b"the second take")
    again = await first.collect(job, tmp_path / "elsewhere")
    assert hash_file(Path(str(again.place)))[0] == f"sha256-{job.sha256}"
    assert out.read_bytes() == b"the second take"


@pytest.mark.parametrize("wanted", ["file.txt/videos", "folder.mp4", "file.txt/anna.mp4"])
async def test_a_destination_that_cannot_be_written_is_told_and_nothing_is_lost(
    wanted: str, production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    (tmp_path / "file.txt").touch()
    (tmp_path / "folder.mp4").mkdir()
    job = await production.submitted()
    with pytest.raises(StorageError, match=r"cannot be stored as .*; its job stays open"):
        await production.collect(job, tmp_path / wanted)
    assert production.booked().state is JobState.SUBMITTED
    stored = await production.collect(job, tmp_path / "videos")
    with pytest.raises(StorageError, match=r"cannot be copied from .* to .*; name another place"):
        await production.collect(stored, tmp_path / wanted)
    assert paid(studio) == {"liveportrait": 1}


async def test_the_books_name_a_place_that_is_found_from_every_folder(
    production: Production, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = await filmed(production, Path("videos"))
    assert Path(str(job.place)).is_absolute()
    monkeypatch.chdir("/")
    assert (await production.collect(job, tmp_path / "videos")).place == job.place


async def test_a_file_is_named_as_it_was_asked_for(production: Production, tmp_path: Path) -> None:
    job = await filmed(production, tmp_path / "Anna's film.MP4")
    assert job.place == str(tmp_path / "Anna's film.MP4")


@pytest.mark.parametrize(
    ("portrait", "begins"),
    [
        ("s3://bucket/in/安娜 +1%.png", "安娜_1-liveportrait-"),
        ("https://a.example/../..", "portrait-liveportrait-"),
        ("/photos/..png", "portrait-liveportrait-"),
        ("/photos/" + "长" * 80 + ".png", "长" * 40 + "-liveportrait-"),
        ("/photos/a\nb<c>.png", "a_b_c-liveportrait-"),
    ],
)
async def test_a_video_is_named_after_its_portrait_in_so_far_as_files_can_be(
    portrait: str, begins: str, production: Production, tmp_path: Path
) -> None:
    job = await production.submitted()
    path = video_path(replace(job, brief=job.brief | {"portrait": portrait}), tmp_path)
    assert path.parent == tmp_path
    assert path.name.startswith(begins)
    assert len(path.name.encode()) < 200


async def test_takes_have_names_of_their_own(production: Production, tmp_path: Path) -> None:
    job = await production.submitted()
    second = replace(job, key=f"{job.key}0", brief=job.brief | {"take": 2})
    assert "-take2-" in video_path(second, tmp_path).name
    assert "-take" not in video_path(job, tmp_path).name


async def test_a_template_is_made_once_for_a_motions_content(
    client: ModelStudio, ledger: Ledger, tmp_path: Path, studio: StudioServer
) -> None:
    copy = tmp_path / "another name.mp4"
    copy.write_bytes((SAMPLES / "wave.mp4").read_bytes())
    filmer = Filmer(client=client, ledger=ledger, poll_seconds=0.02, lease_seconds=60)
    family = catalog.family("animate-anyone")
    made: list[Job] = []
    for place in (SAMPLES / "wave.mp4", copy):
        brief = Brief(portrait="anna.png", models=("animate-anyone",), motion=str(place))
        order = order_template(brief, family, await examine_motion(str(place)))
        job, _ = await filmer.submit(
            order.new_job(client.service),
            lambda order=order: order.request(client, "presigned"),  # type: ignore[misc]
            starts_per_second=1000,
        )
        made.append(await collect(filmer, job, tmp_path, wait_seconds=20))
    assert [job.state for job in made] == [JobState.SUCCEEDED] * 2
    assert made[0].template_id == made[1].template_id
    assert str(made[0].template_id).startswith("AACT.")
    assert made[0].cost_cny == cost_cny(made[0].seconds or 0, Decimal("0.08"))
    assert paid(studio) == {"animate-anyone-template-gen2": 1}
    assert not list(tmp_path.glob("*.mp4.part"))


def test_an_own_deployment_makes_the_template_where_one_is_named() -> None:
    brief = Brief(
        portrait="anna.png",
        models=("animate-anyone",),
        deployments={"animate-anyone-template-gen2": "my-templates"},
    )
    motion = asyncio.run(examine_motion(str(SAMPLES / "wave.mp4")))
    order = order_template(brief, catalog.family("animate-anyone"), motion)
    assert order.model_name == "my-templates"
    assert order.new_job("a:80").model == "my-templates"


def test_a_price_is_rounded_like_the_billed_seconds() -> None:
    assert cost_cny(0.1 + 0.2, Decimal("0.08")) == Decimal("0.024")


async def test_while_one_collector_stores_a_video_no_other_fetches_it(
    production: Production, tmp_path: Path, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores, may_end = asyncio.Event(), asyncio.Event()
    real = collecting.store

    async def slowly(url: str, destination: Path) -> StoredVideo:
        if stores.is_set():
            return await real(url, destination)
        stores.set()
        await may_end.wait()
        return await real(url, destination)

    monkeypatch.setattr(collecting, "store", slowly)
    job = await production.submitted()
    first = asyncio.create_task(production.collect(job, tmp_path))
    await asyncio.wait_for(stores.wait(), 20)
    second = await production.collect(job, tmp_path, wait_seconds=0)
    assert (second.state, received(studio, "result")) == (JobState.SUBMITTED, 0)
    third = asyncio.create_task(production.collect(job, tmp_path))
    may_end.set()
    assert [one.state for one in await asyncio.gather(first, third)] == [JobState.SUCCEEDED] * 2
    assert received(studio, "result") == 1


async def test_who_waited_for_another_collector_finds_the_job_closed(
    production: Production, tmp_path: Path, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its own fetch and its turn the job was finished by somebody else."""
    job = await production.submitted()
    real = collecting.held

    @asynccontextmanager
    async def late(*asked: Any, **more: Any) -> AsyncIterator[Claim | None]:
        monkeypatch.setattr(collecting, "held", real)
        await production.collect(job, tmp_path)
        async with real(*asked, **more) as claim:
            yield claim

    monkeypatch.setattr(collecting, "held", late)
    closed = await production.collect(job, tmp_path)
    assert closed.state is JobState.SUCCEEDED
    assert received(studio, "result") == 1
