"""From when to when a list counts as evidence, and how long a doubt is watched before it ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from greenlight.filming import evidence
from greenlight.filming.clocks import CLOCKS_AGREE
from greenlight.filming.evidence import CLOCK_DIFFERENCE
from greenlight.filming.listing import TaskList
from greenlight.filming.reconciling import Reconciler
from greenlight.ledger import JobState
from greenlight.modelstudio.tasks import ListedTask
from greenlight.studio.server import StudioServer
from tests.doubts import LEASE, SETTLE, SETTLED, RunningClock, lose_answer, only_doubt, send
from tests.production import Production
from tests.steering import add_fault, paid

HOUR = 3600.0
LISTED_HOURS = 24.0
WRONG_HOURS = 6.0
"""The clock of the sender may have been wrong by so much: the list must reach back further."""
MINUTE = 60.0


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, clock: RunningClock) -> list[ListedTask]:
    """What the vendor's list shows from now on, at the ledger's own time."""
    tasks: list[ListedTask] = []

    async def answer(*_: Any) -> TaskList:
        found = {task.task_id: task for task in tasks}
        return TaskList(found, is_whole=True, answered_at=clock())

    monkeypatch.setattr(evidence, "list_tasks", answer)
    return tasks


async def test_a_doubt_is_released_as_long_as_the_list_reaches_back_whatever_clock_it_was_sent_by(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    listed: list[ListedTask],
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn((LISTED_HOURS - WRONG_HOURS) * HOUR - MINUTE)
    assert (await only_doubt(exclusive)).outcome == "released"


async def test_a_doubt_is_not_released_once_its_task_could_be_gone_from_the_list(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    listed: list[ListedTask],
) -> None:
    """By a clock that was six hours ahead it was sent 24 hours ago, and is listed no more."""
    await lose_answer(studio, production, accepted=True)
    clock.turn((LISTED_HOURS - WRONG_HOURS) * HOUR + MINUTE)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, doubt.candidates) == ("", [])
    assert "no longer reaches back to it, so only the vendor's bill can tell" in doubt.text()
    assert production.booked().state is JobState.AMBIGUOUS


async def test_a_request_that_was_sent_later_than_now_shows_that_a_clock_was_wrong(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    listed: list[ListedTask],
) -> None:
    await lose_answer(studio, production, accepted=True)
    clock.turn(SETTLED)
    production.filmer.ledger.jobs.watch(production.booked().id)
    clock.turn(-SETTLED - MINUTE)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, production.booked().state) == ("", JobState.AMBIGUOUS)
    assert "no longer reaches back" in doubt.text()


async def test_a_list_that_must_show_a_task_of_ours_need_not_show_the_oldest(
    production: Production,
    second_take: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    listed: list[ListedTask],
) -> None:
    """A task of 19 hours ago may have left it, if a clock was wrong then; a newer one has not."""
    await second_take.submitted()
    clock.turn((LISTED_HOURS - WRONG_HOURS) * HOUR + MINUTE)
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)
    assert (await only_doubt(exclusive)).outcome == "released"


async def test_a_list_without_a_task_of_an_hour_ago_is_another_ones_or_late(
    production: Production,
    second_take: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    listed: list[ListedTask],
) -> None:
    await second_take.submitted()
    clock.turn((LISTED_HOURS - WRONG_HOURS) * HOUR - SETTLED - MINUTE)
    await lose_answer(studio, production, accepted=True)
    clock.turn(SETTLED)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, "shows none of the tasks" in doubt.text()) == ("", True)


async def test_one_task_of_ours_on_the_list_is_enough(
    production: Production,
    second_take: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    listed: list[ListedTask],
) -> None:
    """An older one may have left it, or a newer one be listed late."""
    ours = await second_take.submitted()
    order = second_take.order.model_copy(update={"take": 3})
    await Production(second_take.filmer, order).submitted()
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)
    listed.append(ListedTask(task_id=str(ours.task_id), status="SUCCEEDED"))
    assert (await only_doubt(exclusive)).outcome == "released"


async def test_a_doubt_that_was_never_looked_at_is_watched_for_the_whole_settling_time_first(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    listed: list[ListedTask],
) -> None:
    """However long ago its request was sent: until now nobody knows how right the clocks were."""
    add_fault(studio, "drop", "create", when="before")
    await production.submit()
    clock.turn(10 * HOUR)
    assert (await only_doubt(exclusive)).outcome == ""
    clock.turn(SETTLED - 5)
    assert (await only_doubt(exclusive)).outcome == ""
    clock.turn(5)
    assert (await only_doubt(exclusive)).outcome == "released"


async def test_a_look_by_a_clock_that_is_wrong_does_not_begin_the_watch(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_fault(studio, "drop", "create", when="before")
    await production.submit()
    clock.set_wrong(-HOUR)
    assert "differ by" in (await only_doubt(exclusive)).text()
    assert production.booked().doubted_at is None
    clock.set_wrong(HOUR)
    clock.turn(SETTLED - 5)
    assert (await only_doubt(exclusive)).outcome == ""
    assert production.booked().doubted_at is not None


async def test_whose_settling_time_counts_is_the_senders(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    """Whoever looks may have set a shorter one."""
    await lose_answer(studio, production, accepted=False)
    hasty = Reconciler(
        client=exclusive.client, ledger=exclusive.ledger, settle_seconds=0, exclusive=True
    )
    clock.turn(LEASE + SETTLE - 5)
    assert (await only_doubt(hasty)).outcome == ""
    clock.turn(5)
    assert (await only_doubt(hasty)).outcome == "released"


@pytest.mark.parametrize(
    ("seconds_after_it_was_sent", "fits"),
    [
        (-CLOCK_DIFFERENCE.total_seconds() - 1, False),
        (-CLOCK_DIFFERENCE.total_seconds() + 1, True),
        (SETTLED - 1, True),
        (SETTLED + 1, False),
    ],
)
async def test_a_task_fits_from_a_minute_before_the_request_until_it_must_be_listed(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    listed: list[ListedTask],
    seconds_after_it_was_sent: float,
    fits: bool,  # noqa: FBT001
) -> None:
    job = await lose_answer(studio, production, accepted=False)
    assert job.sent_at is not None
    begun_at: datetime = job.sent_at + timedelta(seconds=seconds_after_it_was_sent)
    listed.append(ListedTask(task_id="task-1", status="MEDITATING", submit_time=begun_at))
    clock.turn(SETTLED + 2)
    assert [task.task_id for task in (await only_doubt(exclusive)).candidates] == ["task-1"] * fits


@pytest.mark.parametrize(("seconds_more", "agree"), [(-1, True), (1, False)])
@pytest.mark.parametrize("direction", [-1, 1])
async def test_clocks_agree_as_long_as_they_differ_by_half_a_minute_at_most(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
    seconds_more: float,
    agree: bool,  # noqa: FBT001
    direction: int,
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)
    wrong = direction * (CLOCKS_AGREE + timedelta(seconds=seconds_more))

    async def answer(*_: Any) -> TaskList:
        return TaskList({}, is_whole=True, answered_at=clock() + wrong)

    monkeypatch.setattr(evidence, "list_tasks", answer)
    assert (await only_doubt(exclusive)).outcome == ("released" if agree else "")
    assert paid(studio) == {}


async def test_an_own_deployment_may_be_called_anything_in_the_list(
    production: Production, exclusive: Reconciler, clock: RunningClock, listed: list[ListedTask]
) -> None:
    order = production.order.model_copy(update={"deployment": "mine"})
    own = Production(production.filmer, order)
    job, claim = send(own)
    exclusive.ledger.jobs.mark_ambiguous(job.id, claim.token, "lost")
    task = ListedTask(
        task_id="task-1", status="MEDITATING", model_name="anything", submit_time=job.sent_at
    )
    listed.append(task)
    assert (await only_doubt(exclusive)).candidates == [task]
