"""Every open job is finished, whoever began it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from greenlight import collector as collector_module
from greenlight.collecting import video_path
from greenlight.collector import ASKED_ONE_BY_ONE, EXPIRING_AFTER, Collector
from greenlight.ledger import JobState, Ledger
from greenlight.modelstudio.catalog import TASK_LIFETIME
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import AuthenticationError
from greenlight.reconciling import Reconciler
from greenlight.studio.server import StudioServer
from tests.production import Production, produce
from tests.steering import add_fault, counters, paid, received


def collector_of(production: Production, studio: ModelStudio | None = None) -> Collector:
    """Return a collector with the production's books, and perhaps another connection."""
    filmer = production.filmer
    return Collector(
        filmer=filmer,
        reconciler=Reconciler(
            studio=studio or filmer.studio,
            ledger=filmer.ledger,
            lease_seconds=filmer.lease_seconds,
            settle_seconds=600,
        ),
    )


async def submit_many(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path, count: int
) -> list[Production]:
    productions = [
        await produce(client, ledger, astronaut, sound, take=number + 1) for number in range(count)
    ]
    await asyncio.gather(*(one.submit() for one in productions))
    return productions


async def test_jobs_that_others_left_are_stored_where_their_briefs_said(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    productions = await submit_many(client, ledger, astronaut, sound, 3)
    result = await collector_of(productions[0]).collect(wait_seconds=20)
    assert (len(result.closed), result.open, result.troubled) == (3, [], [])
    places = [Path(one.booked().place or "") for one in productions]
    assert all(place.parent == sound.parent / "videos" for place in places)
    assert len({place.read_bytes() for place in places}) >= 1
    assert paid(studio) == {"liveportrait": 3}


async def test_two_collectors_at_once_download_once(
    production: Production, studio: StudioServer
) -> None:
    await production.submit()
    collectors = [collector_of(production) for _ in range(2)]
    await asyncio.gather(*(one.collect(wait_seconds=20) for one in collectors))
    assert production.booked().state is JobState.SUCCEEDED
    assert received(studio, "result") == 1


async def test_many_open_jobs_are_looked_for_in_the_list_and_only_finished_ones_fetched(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    productions = await submit_many(client, ledger, astronaut, sound, ASKED_ONE_BY_ONE + 3)
    result = await collector_of(productions[0]).round()
    assert received(studio, "list") >= 1
    # One job runs at a time, so nearly all of them still wait, and are not asked for one by one.
    assert received(studio, "fetch") <= len(result.closed) + 5
    assert len(result.closed) + len(result.open) == len(productions)


async def test_a_job_in_trouble_does_not_stop_the_others(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    troubled, other = await submit_many(client, ledger, astronaut, sound, 2)
    _wait_until_done(studio, 2)
    in_the_way = video_path(troubled.booked(), sound.parent / "videos")
    in_the_way.mkdir(parents=True)
    result = await collector_of(troubled).round()
    assert [job.key for job in result.closed] == [other.key]
    assert [job.key for job, _ in result.troubled] == [troubled.key]
    in_the_way.rmdir()
    again = await collector_of(troubled).round()
    assert ([job.key for job in again.closed], again.troubled) == ([troubled.key], [])


def _wait_until_done(studio: StudioServer, count: int) -> None:
    for _ in range(2000):
        if sum(counters(studio)["jobs_succeeded"].values()) == count:
            return
    raise AssertionError("the jobs never ended")


async def test_a_refused_key_stops_the_round(production: Production, studio: StudioServer) -> None:
    await production.submit()
    async with ModelStudio("sk-wrong", base_url=studio.base_url) as stranger:
        filmer = collector_of(production).filmer
        refused = Collector(
            filmer=type(filmer)(
                studio=stranger, ledger=filmer.ledger, poll_seconds=0.05, lease_seconds=60
            ),
            reconciler=collector_of(production, stranger).reconciler,
        )
        with pytest.raises(AuthenticationError):
            await refused.round()
    assert production.booked().state is JobState.SUBMITTED


@pytest.mark.parametrize(
    ("age", "named"),
    [(EXPIRING_AFTER - timedelta(minutes=1), 0), (EXPIRING_AFTER + timedelta(minutes=1), 1)],
)
async def test_a_job_of_twenty_hours_is_named_before_its_video_is_lost(
    production: Production,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
    age: timedelta,
    named: int,
) -> None:
    add_fault(studio, "unknown_status", "fetch", times=None)
    await production.submit()
    later = datetime.now(UTC) + age
    monkeypatch.setattr(collector_module, "now", lambda: later)
    result = await collector_of(production).round()
    assert [job.key for job in result.expiring] == [production.key] * named


async def test_a_video_that_nobody_collected_in_time_is_expired_and_keeps_its_price(
    production: Production, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await production.submit()
    _wait_until_done(studio, 1)
    add_fault(studio, "dead_link", "result", times=None)
    monkeypatch.setattr("greenlight.videos.AGAIN_AFTER_SECONDS", 0.01)
    later = datetime.now(UTC) + TASK_LIFETIME
    monkeypatch.setattr("greenlight.filming.now", lambda: later)
    result = await collector_of(production).round()
    (job,) = result.closed
    assert job.state is JobState.EXPIRED
    assert job.cost_cny == pytest.approx(production.booked().reserved_cny)
