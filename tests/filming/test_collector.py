"""Every open job is finished, whoever began it, and one job's trouble is no other's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from greenlight.briefs.brief import Brief
from greenlight.errors import StorageError
from greenlight.filming.collector import Collector
from greenlight.filming.listing import TaskList
from greenlight.filming.orders import VideoOrder, order_template
from greenlight.filming.prices import cost_cny
from greenlight.ledger import Job, JobState, Ledger
from greenlight.media.recordings import examine_motion
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import AuthenticationError
from greenlight.modelstudio.tasks import ListedTask, VideoTask
from greenlight.studio.server import StudioServer, StudioSettings
from greenlight.videos import storing
from tests.conftest import SAMPLES
from tests.doubts import RunningClock, lose_answer, reconciler, send
from tests.production import Production, produce
from tests.steering import add_fault, paid, received
from tests.website import Website

MODEL = "liveportrait"
HOUR = 3600.0


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "AGAIN_AFTER_SECONDS", 0)


@pytest.fixture
async def never_done(
    slow_client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path
) -> Production:
    return await produce(slow_client, ledger, astronaut, sound)


def collector(production: Production, out: Path | None = None) -> Collector:
    filmer = production.filmer
    return Collector(filmer=filmer, reconciler=reconciler(filmer.client, filmer.ledger), out=out)


def going_to(production: Production, out: Path, *, take: int = 1) -> Production:
    """Return the same production with another place for its video."""
    order = production.order.model_copy(update={"out": out, "take": take})
    assert isinstance(order, VideoOrder)
    return replace(production, order=order)


async def begin_template(production: Production) -> Job:
    brief = Brief(portrait="a.png", models=("animate-anyone",), motion=str(SAMPLES / "wave.mp4"))
    motion = await examine_motion(str(SAMPLES / "wave.mp4"))
    order = order_template(brief, catalog.family("animate-anyone"), motion)
    job, _ = await production.filmer.submit(
        order.new_job(production.client.service),
        lambda: order.request(production.client, "presigned"),
        starts_per_second=1000,
    )
    return job


async def begin_many(production: Production, count: int) -> list[Job]:
    """Begin as many takes by one request."""
    request = await production.order.request(production.client, "presigned")
    jobs = []

    async def prepared() -> Any:
        return request

    for take in range(1, count + 1):
        new = going_to(production, Path("videos"), take=take).order.new_job("")
        new = replace(new, service=production.client.service)
        job, _ = await production.filmer.submit(new, prepared, starts_per_second=10_000)
        jobs.append(job)
    return jobs


async def test_every_open_job_is_finished_whoever_began_it(
    production: Production, client: ModelStudio, tmp_path: Path, studio: StudioServer
) -> None:
    """Each video goes where its own brief said; a template goes nowhere."""
    first = going_to(production, tmp_path / "one")
    second = going_to(production, tmp_path / "two" / "anna.mp4", take=2)
    await first.submit()
    await second.submit()
    await begin_template(production)
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as other_process:
        filmer = replace(production.filmer, ledger=other_process)
        result = await collector(replace(production, filmer=filmer)).collect(wait_seconds=20)
    assert {job.state for job in result.closed} == {JobState.SUCCEEDED}
    assert (len(result.closed), result.open, result.doubts) == (3, [], [])
    assert Path(str(first.booked().place)).parent == tmp_path / "one"
    assert second.booked().place == str(tmp_path / "two" / "anna.mp4")
    assert Path(str(second.booked().place)).stat().st_size > 1000
    (template,) = (job for job in result.closed if job.kind == "template")
    assert str(template.template_id).startswith("AACT.")
    assert paid(studio) == {MODEL: 2, "animate-anyone-template-gen2": 1}


async def test_videos_may_be_sent_elsewhere(production: Production, tmp_path: Path) -> None:
    await production.submit()
    result = await collector(production, tmp_path / "here").collect(wait_seconds=20)
    (job,) = result.closed
    assert Path(str(job.place)).parent == tmp_path / "here"


async def test_a_job_of_another_service_is_left_alone(
    production: Production, never_done: Production
) -> None:
    await never_done.submit()
    result = await collector(production).round()
    assert (result.closed, result.open) == ([], [])


async def test_of_two_collectors_at_once_one_downloads(
    production: Production, studio: StudioServer
) -> None:
    await production.submit()
    await asyncio.gather(
        collector(production).collect(wait_seconds=20),
        collector(production).collect(wait_seconds=20),
    )
    assert production.booked().state is JobState.SUCCEEDED
    assert received(studio, "result") == 1


async def test_of_many_open_jobs_the_finished_ones_and_some_others_are_fetched(
    never_done: Production, slow_studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.filming.collector.ASKED_ONE_BY_ONE", 3)
    jobs = await begin_many(never_done, 8)
    for job in jobs[-2:]:
        await never_done.client.cancel(str(job.task_id))
    result = await collector(never_done).round()
    assert [job.state for job in result.closed] == [JobState.CANCELED] * 2
    assert {job.id for job in result.waiting} == {job.id for job in jobs[:-2]}
    assert received(slow_studio, "fetch") == 2 + 3
    assert received(slow_studio, "list") == 1


async def test_a_list_that_is_late_for_good_starves_no_job(
    production: Production, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.filming.collector.ASKED_ONE_BY_ONE", 2)
    jobs = await begin_many(production, 6)

    async def late(*_: Any) -> TaskList:
        running = {
            str(job.task_id): ListedTask(task_id=str(job.task_id), status="RUNNING") for job in jobs
        }
        return TaskList(running, is_whole=True, answered_at=None)

    monkeypatch.setattr("greenlight.filming.collector.list_tasks", late)
    result = await collector(production).collect(wait_seconds=20)
    assert [job.state for job in result.closed] == [JobState.SUCCEEDED] * 6


async def test_a_list_that_cannot_be_read_lets_every_job_be_fetched(
    production: Production, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.filming.collector.ASKED_ONE_BY_ONE", 0)
    await production.submit()
    add_fault(studio, "error", "list", status=400, code="InvalidParameter", times=None)
    result = await collector(production).collect(wait_seconds=20)
    assert [job.state for job in result.closed] == [JobState.SUCCEEDED]


async def test_a_job_in_trouble_does_not_stop_the_others(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    (tmp_path / "file").touch()
    bad = going_to(production, tmp_path / "file" / "videos")
    good = going_to(production, tmp_path / "videos", take=2)
    await bad.submit()
    await good.submit()
    async with asyncio.timeout(20):
        result = await collector(production).round()
        while result.waiting:
            result = await collector(production).round()
    assert good.booked().state is JobState.SUCCEEDED
    ((job, error),) = result.troubled
    assert isinstance(error, StorageError)
    assert job.id == bad.booked().id
    assert bad.booked().state is JobState.SUBMITTED
    assert [one.id for one in result.open] == [job.id]


async def test_a_doubt_that_cannot_be_looked_into_does_not_stop_the_collecting(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    second = going_to(production, tmp_path / "videos", take=2)
    await lose_answer(studio, production, accepted=False)
    await second.submit()
    add_fault(studio, "error", "list", status=400, code="InvalidParameter", times=None)
    result = await collector(production).collect(wait_seconds=20)
    assert [job.id for job in result.closed] == [second.booked().id]
    (doubt,) = result.doubts
    assert "it stays in doubt" in doubt.text()


async def test_a_refused_key_stops_all(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    takes = [going_to(production, tmp_path, take=take) for take in (1, 2, 3)]
    for take in takes:
        await take.submit()
    async with ModelStudio("sk-of-somebody-else", base_url=studio.base_url) as stranger:
        filmer = replace(production.filmer, client=stranger)
        with pytest.raises(AuthenticationError):
            await collector(replace(production, filmer=filmer)).collect(wait_seconds=20)
    assert {take.booked().state for take in takes} == {JobState.SUBMITTED}


@pytest.mark.parametrize(("hours", "is_expiring"), [(19.9, False), (20.1, True)])
async def test_a_job_is_expiring_after_20_hours(
    hours: float,
    is_expiring: bool,  # noqa: FBT001
    never_done: Production,
    clock: RunningClock,
) -> None:
    clock.turn(-hours * HOUR)
    await never_done.submit()
    clock.turn(hours * HOUR)
    result = await collector(never_done).round()
    assert [job.id for job in result.waiting] == [never_done.booked().id]
    assert bool(result.expiring) is is_expiring
    assert result.expired == []


async def test_the_wait_ends_and_the_job_stays_open(never_done: Production) -> None:
    await never_done.submit()
    result = await collector(never_done).collect(wait_seconds=0.1)
    assert [job.id for job in result.open] == [never_done.booked().id]
    assert never_done.booked().state is JobState.SUBMITTED


async def test_a_dead_link_is_asked_for_once_more_through_a_new_fetch(
    production: Production, website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = f"{website.url}/gone.mp4?Signature=old"
    asked: list[str] = []
    fetch = production.client.fetch

    async def dead_at_first(task_id: str) -> VideoTask:
        task = await fetch(task_id)
        if not task.is_succeeded:
            return task
        asked.append(task.video_url)
        return task.model_copy(update={"video_url": dead}) if len(asked) == 1 else task

    monkeypatch.setattr(production.client, "fetch", dead_at_first)
    await production.submit()
    result = await collector(production).collect(wait_seconds=20)
    assert [job.state for job in result.closed] == [JobState.SUCCEEDED]
    assert len(asked) == 2
    assert set(website.requests) == {"/gone.mp4?Signature=old"}


@pytest.fixture
def long_memory(tmp_path: Path, clock: RunningClock) -> Iterator[StudioServer]:
    """A studio that knows a task for longer than its link lives."""
    settings = StudioSettings(home=tmp_path / "long", task_seconds=72 * HOUR, job_seconds=0.05)
    with StudioServer(settings) as studio:
        clock.vendors.append(studio)
        yield studio


@pytest.mark.parametrize("wrong_seconds", [0, 5 * HOUR, -5 * HOUR])
async def test_a_day_after_its_end_a_dead_link_is_an_expired_job_with_its_cost(
    long_memory: StudioServer,
    ledger: Ledger,
    astronaut: Path,
    sound: Path,
    clock: RunningClock,
    wrong_seconds: float,
) -> None:
    """The vendor's own clock tells; that of the ledger may be wrong."""
    async with ModelStudio("sk-local", base_url=long_memory.base_url) as client:
        production = await produce(client, ledger, astronaut, sound)
        job = await production.submitted()
        assert await production.filmer.follow(job, wait_seconds=20)
        clock.set_wrong(wrong_seconds)
        clock.turn(24 * HOUR - 60)
        add_fault(long_memory, "dead_link", "result", times=6)
        assert (await collector(production).round()).expired == []
        clock.turn(120)
        result = await collector(production).collect(wait_seconds=20)
    (job,) = result.expired
    assert (job.state, job.place) == (JobState.EXPIRED, None)
    assert job.cost_cny == cost_cny(1.0, Decimal("0.02"))
    assert "cannot be fetched" in job.message


async def test_a_task_that_is_forgotten_after_a_day_is_an_expired_job_at_its_reserved_price(
    production: Production, clock: RunningClock
) -> None:
    new = production.order.new_job(production.client.service)
    jobs = production.filmer.ledger.jobs
    clock.turn(-25 * HOUR)
    job, claim = send(production)
    task_id = "11111111-2222-3333-4444-555555555555"
    jobs.store_task(job.id, claim.token, task_id=task_id, request_id="r")
    clock.turn(25 * HOUR)
    (expired,) = (await collector(production).round()).expired
    assert "forgets a task after 24 hours" in expired.message
    (cost,) = production.filmer.ledger.costs.by_outcome()
    assert (cost.outcome, cost.cost_cny) == ("expired", new.price_cny)
