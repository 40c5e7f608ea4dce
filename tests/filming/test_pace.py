"""Every request for a task or for the list of tasks waits for a start of the account's pace."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from greenlight.errors import InputError
from greenlight.filming import listing
from greenlight.filming.collector import Collector
from greenlight.filming.listing import fetch_task, find_listed, list_tasks
from greenlight.ledger import JobState, Ledger
from greenlight.ledger.pace import Start
from greenlight.modelstudio.catalog import TASK_REQUESTS_PER_SECOND
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import ModelStudioError
from greenlight.paying.pacing import wait_for_start
from greenlight.studio.server import StudioServer
from tests.doubts import SETTLED, RunningClock, begin_elsewhere, lose_answer, reconciler
from tests.production import Production
from tests.steering import add_fault, received

Starts = Counter[str]


@pytest.fixture
def starts(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Starts:
    """How many starts were taken of each pace, by the end of its name."""
    taken: Starts = Counter()
    grant = ledger.pace.grant

    def counted(name: str, per_second: float) -> Start:
        start = grant(name, per_second)
        pace = name.partition(" ")[2]
        if start.granted_at is not None and pace in {"tasks", "task list"}:
            assert per_second == TASK_REQUESTS_PER_SECOND
            taken[pace] += not start.is_late
        return start

    monkeypatch.setattr(ledger.pace, "grant", counted)
    return taken


def expect_paced(starts: Starts, studio: StudioServer, **at_least: int) -> None:
    """Hold the requests that came against the starts that were taken."""
    came = {"tasks": received(studio, "fetch"), "task list": received(studio, "list")}
    assert came["tasks"] <= starts["tasks"]
    assert came["task list"] <= starts["task list"]
    assert came["tasks"] >= at_least.get("fetches", 0)
    assert came["task list"] >= at_least.get("lists", 0)


async def test_every_poll_is_paced(
    production: Production, studio: StudioServer, starts: Starts
) -> None:
    add_fault(studio, "unknown_status", "fetch", times=3)
    job = await production.submitted()
    assert await production.filmer.follow(job, wait_seconds=20)
    expect_paced(starts, studio, fetches=4)


async def test_a_second_look_at_a_dead_link_is_paced(
    production: Production,
    studio: StudioServer,
    starts: Starts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("greenlight.videos.storing.AGAIN_AFTER_SECONDS", 0)
    job = await production.collect(await production.submitted(), tmp_path)
    Path(str(job.place)).unlink()
    before = received(studio, "fetch")
    await production.collect(job, tmp_path / "elsewhere")
    assert received(studio, "fetch") == before + 1
    expect_paced(starts, studio)


async def test_every_page_of_the_list_is_paced_and_what_is_on_the_last_is_found(
    production: Production,
    client: ModelStudio,
    ledger: Ledger,
    studio: StudioServer,
    starts: Starts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    begun = {await begin_elsewhere(production) for _ in range(5)}
    listed = await list_tasks(client, ledger)
    assert (set(listed.tasks), listed.is_whole) == (begun, True)
    expect_paced(starts, studio, lists=3)


async def test_settling_doubts_is_paced(
    production: Production,
    client: ModelStudio,
    ledger: Ledger,
    clock: RunningClock,
    studio: StudioServer,
    starts: Starts,
) -> None:
    """The list, strangers on it, and what a person adopts are asked for."""
    job = await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED + 5)
    stranger = await begin_elsewhere(production)
    repair = reconciler(client, ledger, exclusive=True)
    await repair.reconcile()
    with pytest.raises(InputError):
        await repair.adopt_by_id(job, stranger)
    await find_listed(client, ledger, stranger)
    await fetch_task(client, ledger, stranger)
    expect_paced(starts, studio, fetches=3, lists=3)


async def test_a_round_of_many_open_jobs_is_paced(
    production: Production,
    client: ModelStudio,
    ledger: Ledger,
    studio: StudioServer,
    starts: Starts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("greenlight.filming.collector.ASKED_ONE_BY_ONE", 0)
    await production.submit()
    collector = Collector(filmer=production.filmer, reconciler=reconciler(client, ledger))
    await collector.collect(wait_seconds=20)
    assert production.booked().state is JobState.SUCCEEDED
    expect_paced(starts, studio, fetches=1, lists=1)


@pytest.mark.parametrize(("kind", "pace"), [("fetch", "tasks"), ("list", "task list")])
async def test_an_answer_that_it_is_too_much_makes_everybody_wait(
    production: Production,
    client: ModelStudio,
    ledger: Ledger,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    pace: str,
) -> None:
    job = await production.submitted()
    slowed: list[tuple[str, float]] = []
    monkeypatch.setattr(ledger.pace, "slow_down", lambda *asked: slowed.append(asked))
    add_fault(studio, "throttle", kind, retry_after="0.1", times=None)
    if kind == "fetch":
        await production.filmer.follow(job, wait_seconds=0)
    else:
        with pytest.raises(ModelStudioError):
            await list_tasks(client, ledger)
    assert set(slowed) == {(f"{client.service} {pace}", 0.1)}


async def test_a_start_that_came_late_is_given_up_for_another(
    client: ModelStudio, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger took its time to write it down, and others were granted its moment since."""
    grant, asked = ledger.pace.grant, 0

    def stalling(name: str, per_second: float) -> Start:
        nonlocal asked
        asked += 1
        start = grant(name, per_second)
        stalled_seconds = 0.5 if asked <= 2 else 0.0
        return Start(start.granted_at, 0.0, start.due - stalled_seconds)

    monkeypatch.setattr(ledger.pace, "grant", stalling)
    await wait_for_start(ledger, client, "emo", 1000)
    assert asked >= 3


async def test_of_many_who_wait_here_one_at_a_time_asks_the_ledger(
    client: ModelStudio, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = most = 0
    grant = ledger.pace.grant

    def watched(name: str, per_second: float) -> Start:
        nonlocal asking, most
        asking += 1
        most = max(most, asking)
        start = grant(name, per_second)
        asking -= 1
        return start

    monkeypatch.setattr(ledger.pace, "grant", watched)
    await asyncio.gather(*(wait_for_start(ledger, client, "emo", 1000) for _ in range(8)))
    assert most == 1
