"""That a task is not listed proves something only where it would be listed if it existed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from greenlight.errors import InputError
from greenlight.filming import evidence, listing
from greenlight.filming.listing import TaskList
from greenlight.filming.reconciling import Reconciler
from greenlight.ledger import JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.tasks import ListedTask, TaskPage
from greenlight.studio.server import StudioServer, StudioSettings
from tests.doubts import (
    SETTLED,
    RunningClock,
    lose_answer,
    only_doubt,
    reconciler,
    wait_until_listed,
)
from tests.production import Production, produce
from tests.steering import add_fault, paid

HOUR = 3600.0
SKEWS = [-5 * HOUR, -HOUR, -45.0, 45.0, HOUR, 5 * HOUR]
MODEL = "liveportrait"


@pytest.mark.parametrize("seconds", SKEWS)
async def test_a_clock_that_is_wrong_releases_and_adopts_nothing(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    seconds: float,
) -> None:
    clock.set_wrong(seconds)
    await lose_answer(studio, production, accepted=True)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    clock.turn(SETTLED)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, production.booked().state) == ("", JobState.AMBIGUOUS)
    assert "differ by" in doubt.text()


@pytest.mark.parametrize("seconds", SKEWS)
async def test_a_clock_that_is_stepped_while_the_request_is_under_way_loses_no_video(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    seconds: float,
) -> None:
    """It is right again when the doubt is looked at, so only the task's own facts can tell."""
    clock.set_wrong(seconds)
    await lose_answer(studio, production, accepted=True)
    clock.set_wrong(-seconds)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    for _ in range(3):
        clock.turn(SETTLED)
        await exclusive.reconcile()
    job = production.booked()
    assert job.state in {JobState.AMBIGUOUS, JobState.SUBMITTED}
    await production.submit()
    assert paid(studio) == {MODEL: 1}


async def test_the_settling_time_counts_from_the_first_look_with_clocks_that_agree(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    """The request was sent by a clock five hours behind, and its task is listed late."""
    clock.set_wrong(-5 * HOUR)
    add_fault(studio, "drop", "create")
    job = await production.submitted()
    clock.set_wrong(5 * HOUR)
    doubt = await only_doubt(exclusive)
    assert (job.state, doubt.outcome) == (JobState.AMBIGUOUS, "")
    clock.turn(SETTLED)
    assert (await only_doubt(exclusive)).outcome == "released"


async def test_another_key_releases_adopts_and_expires_nothing(
    ledger: Ledger, astronaut: Path, sound: Path, clock: RunningClock, tmp_path: Path
) -> None:
    """A colleague's account sees an empty list, and answers UNKNOWN for a task that lives."""
    settings = StudioSettings(home=tmp_path / "ours", rate_per_second=1000, key="sk-ours")
    other = StudioSettings(home=tmp_path / "theirs", rate_per_second=1000, key="sk-theirs")
    with StudioServer(settings) as ours, StudioServer(other) as theirs:
        clock.vendors += [ours, theirs]
        async with ModelStudio("sk-ours", base_url=ours.base_url) as client:
            production = await produce(client, ledger, astronaut, sound)
            await lose_answer(ours, production, accepted=True)
            second = await produce(client, ledger, astronaut, sound, take=2)
            job = await second.submitted()
        clock.turn(SETTLED)
        async with ModelStudio("sk-theirs", base_url=theirs.base_url) as stranger:
            stranger.service = client.service
            doubt = await only_doubt(reconciler(stranger, ledger, exclusive=True))
            assert (doubt.outcome, doubt.candidates) == ("", [])
            assert "sent with another key" in doubt.text()
            clock.turn(25 * HOUR)
            filmer = replace(second.filmer, client=stranger)
            assert await filmer.follow(job, wait_seconds=0) is None
    assert second.booked().state is JobState.SUBMITTED
    assert production.booked().state is JobState.AMBIGUOUS


async def test_a_list_that_shows_none_of_our_own_tasks_proves_nothing(
    production: Production,
    second_take: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await second_take.submitted()
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)
    real = evidence.list_tasks

    async def empty(*_: Any) -> TaskList:
        return TaskList({}, is_whole=True, answered_at=clock())

    monkeypatch.setattr(evidence, "list_tasks", empty)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, "none of the tasks that this ledger knows" in doubt.text()) == ("", True)
    monkeypatch.setattr(evidence, "list_tasks", real)
    assert (await only_doubt(exclusive)).outcome == "released"


async def test_a_list_that_was_cut_off_proves_nothing(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)

    async def cut_off(*_: Any) -> TaskList:
        return TaskList({}, is_whole=False, answered_at=clock())

    monkeypatch.setattr(evidence, "list_tasks", cut_off)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, "could not be read whole" in doubt.text()) == ("", True)


async def test_a_vendor_that_does_not_tell_its_time_proves_nothing(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)

    async def timeless(*_: Any) -> TaskList:
        return TaskList({}, is_whole=True, answered_at=None)

    monkeypatch.setattr(evidence, "list_tasks", timeless)
    assert "does not tell its time" in (await only_doubt(exclusive)).text()


class Pages:
    """Stands for a vendor whose list has these pages, and says these totals."""

    service = "vendor:443"

    def __init__(self, *pages: tuple[range, int | None]) -> None:
        self.pages = pages
        self.asked: list[int] = []

    async def list_tasks(self, *, page_no: int, **_: Any) -> TaskPage:
        self.asked.append(page_no)
        numbers, total = self.pages[page_no - 1] if page_no <= len(self.pages) else (range(0), 0)
        tasks = tuple(ListedTask(task_id=str(number), status="RUNNING") for number in numbers)
        return TaskPage(tasks=tasks, total=total, page_no=page_no, page_size=len(tasks))


@pytest.mark.parametrize(
    ("pages", "count", "is_whole"),
    [
        ([(range(100), 250), (range(100, 200), 250), (range(200, 250), 250)], 250, True),
        # A task that began meanwhile moves another one on to the next page.
        ([(range(100), 150), (range(99, 150), 151)], 150, False),
        ([(range(100), 150), (range(99, 151), 151)], 151, True),
        ([(range(100), 250), (range(100, 200), 250), (range(0), 250)], 200, False),
        ([(range(100), None), (range(100, 120), None), (range(0), None)], 120, True),
        ([(range(100), None), (range(100), None)], 100, False),
        ([(range(0), 0)], 0, True),
    ],
)
async def test_all_pages_are_read_and_what_is_missing_is_told(
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    pages: list[tuple[range, int | None]],
    count: int,
    is_whole: bool,  # noqa: FBT001
) -> None:
    async def at_once(*_: Any) -> None:
        """Wait for nothing."""

    monkeypatch.setattr(listing, "wait_for_start", at_once)
    vendor: Any = Pages(*pages)
    listed = await listing.list_tasks(vendor, ledger)
    assert (len(listed.tasks), listed.is_whole) == (count, is_whole)
    assert vendor.asked[: len(pages)] == list(range(1, len(pages) + 1))


async def test_a_person_adopts_no_task_of_another_time_unless_a_clock_was_wrong(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    clock.set_wrong(-2 * HOUR)
    job = await lose_answer(studio, production, accepted=True)
    clock.set_wrong(2 * HOUR)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    (task,) = (await exclusive.client.list_tasks()).tasks
    with pytest.raises(InputError, match="adopt the task whatever its time"):
        await exclusive.adopt_by_id(job, task.task_id)
    adopted = await exclusive.adopt_by_id(job, task.task_id, any_time=True)
    assert adopted.state is JobState.SUBMITTED


async def test_a_person_adopts_no_task_of_another_model(
    production: Production,
    exclusive: Reconciler,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = await lose_answer(studio, production, accepted=True)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    (task,) = (await exclusive.client.list_tasks()).tasks
    job = replace(job, model="emo-v1")
    with pytest.raises(InputError, match="is of liveportrait, and the job of emo-v1"):
        await exclusive.adopt_by_id(job, task.task_id)
