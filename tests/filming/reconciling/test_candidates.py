"""The vendor's list says which tasks may be a lost one, and decides nothing alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from greenlight.errors import InputError
from greenlight.filming import evidence
from greenlight.filming.listing import TaskList
from greenlight.filming.reconciling import Reconciler
from greenlight.ledger import JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import AuthenticationError
from greenlight.modelstudio.tasks import ListedTask
from greenlight.studio.server import StudioServer
from tests.doubts import (
    SETTLED,
    RunningClock,
    begin_elsewhere,
    lose_answer,
    only_doubt,
    reconciler,
    send,
    wait_until_listed,
    with_sound_of,
)
from tests.production import Production, produce
from tests.steering import add_fault, paid

MODEL = "liveportrait"


async def test_a_canceled_task_is_no_candidate(
    slow_client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path, clock: RunningClock
) -> None:
    production = await produce(slow_client, ledger, astronaut, sound)
    job, claim = send(production)
    runs = await produce(slow_client, ledger, astronaut, sound, take=2)
    await runs.submitted()
    await slow_client.cancel(await begin_elsewhere(production))
    ledger.jobs.mark_ambiguous(job.id, claim.token, "lost")
    ledger.jobs.watch(job.id)
    clock.turn(SETTLED)
    assert (await only_doubt(reconciler(slow_client, ledger))).outcome == "released"


async def test_a_failed_task_is_no_candidate_and_the_brief_may_be_sent_again(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    add_fault(studio, "job_fails", "create")
    await lose_answer(studio, production, accepted=True)
    await wait_until_listed(exclusive.client, 1, "FAILED")
    assert (await only_doubt(exclusive)).candidates == []
    clock.turn(SETTLED)
    assert (await only_doubt(exclusive)).outcome == "released"
    _, was_sent = await production.submit()
    assert was_sent


async def test_tasks_that_a_job_owns_are_no_candidates(
    production: Production, second_take: Production, exclusive: Reconciler, studio: StudioServer
) -> None:
    owned = await second_take.submitted()
    job = await lose_answer(studio, production, accepted=False)
    assert (await only_doubt(exclusive)).candidates == []
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    with pytest.raises(InputError, match="belongs to another job"):
        await exclusive.adopt_by_id(job, str(owned.task_id))
    assert second_take.booked().task_id == owned.task_id


async def test_a_lagging_list_is_waited_for(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    add_fault(studio, "list_lag", "create", seconds=SETTLED)
    await lose_answer(studio, production, accepted=True)
    clock.turn(SETTLED - 5)
    assert (await only_doubt(exclusive)).candidates == []
    assert production.booked().state is JobState.AMBIGUOUS
    clock.turn(5)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    assert (await only_doubt(exclusive)).outcome == "adopted"
    assert paid(studio) == {MODEL: 1}


async def test_a_list_that_was_read_before_the_settling_time_releases_nothing_after_it(
    production: Production,
    shared: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await lose_answer(studio, production, accepted=True)

    async def slowly(*_: Any, **__: Any) -> TaskList:
        clock.turn(SETTLED)
        return TaskList({}, is_whole=True, answered_at=clock())

    monkeypatch.setattr(evidence, "list_tasks", slowly)
    assert (await only_doubt(shared)).outcome == ""
    assert production.booked().state is JobState.AMBIGUOUS


async def test_a_status_that_nobody_knows_may_be_the_lost_task(
    production: Production,
    shared: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = await lose_answer(studio, production, accepted=True)
    clock.turn(SETTLED)

    async def listed(*_: Any, **__: Any) -> TaskList:
        task = ListedTask(
            task_id="task-1", status="MEDITATING", model_name=MODEL, submit_time=job.sent_at
        )
        return TaskList({"task-1": task}, is_whole=True, answered_at=clock())

    monkeypatch.setattr(evidence, "list_tasks", listed)
    doubt = await only_doubt(shared)
    assert [task.task_id for task in doubt.candidates] == ["task-1"]
    assert doubt.outcome == ""


async def test_beyond_a_day_only_a_person_decides(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    job = await lose_answer(studio, production, accepted=True)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    (task,) = (await exclusive.client.list_tasks()).tasks
    clock.turn(timedelta(days=1, seconds=1).total_seconds())
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, doubt.candidates) == ("", [])
    assert "no longer reaches back" in doubt.text()
    with pytest.raises(InputError, match="does not know task"):
        await exclusive.adopt_by_id(job, task.task_id)
    assert exclusive.ledger.jobs.release(job.id)


async def test_the_list_never_closes_a_job(
    production: Production, second_take: Production, exclusive: Reconciler, studio: StudioServer
) -> None:
    submitted = await production.submitted()
    await lose_answer(studio, second_take, accepted=True)
    await wait_until_listed(exclusive.client, 2, "SUCCEEDED")
    assert (await only_doubt(exclusive)).outcome == "adopted"
    assert production.booked() == submitted
    assert second_take.booked().state is JobState.SUBMITTED
    assert second_take.booked().finished_at is None


async def test_a_task_of_another_model_is_no_candidate(
    production: Production, exclusive: Reconciler, studio: StudioServer
) -> None:
    await lose_answer(studio, production, accepted=False)
    path = "/services/aigc/image2video/video-synthesis/"
    await begin_elsewhere(production, model="wan2.2-s2v", path=path, parameters={})
    await wait_until_listed(exclusive.client, 1)
    assert (await only_doubt(exclusive)).candidates == []


async def test_a_task_that_began_before_the_request_is_no_candidate(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    await begin_elsewhere(production)
    clock.turn(120)
    await lose_answer(studio, production, accepted=False)
    assert (await only_doubt(exclusive)).candidates == []


async def test_a_task_that_began_after_the_settling_time_is_no_candidate_and_keeps_the_doubt(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    """It could be the lost one all the same, if a clock was wrong when the request was sent."""
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED + 5)
    task_id = await begin_elsewhere(production)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, doubt.candidates) == ("", [])
    assert f"{task_id} is one of that model and belongs to no job in this ledger" in doubt.text()


async def test_a_task_of_another_length_cannot_be_the_lost_one_whenever_it_began(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    tmp_path: Path,
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED + 5)
    await begin_elsewhere(await with_sound_of(3.0, production, tmp_path))
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    assert (await only_doubt(exclusive)).outcome == "released"


async def test_a_list_that_cannot_be_read_decides_nothing(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)
    add_fault(studio, "error", "list", status=400, code="InvalidParameter", message="No list.")
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, production.booked().state) == ("", JobState.AMBIGUOUS)
    assert "it stays in doubt" in doubt.text()
    assert "No list" in doubt.text()
    assert (await only_doubt(exclusive)).outcome == "released"


async def test_a_refused_key_is_raised(
    production: Production, ledger: Ledger, studio: StudioServer
) -> None:
    await lose_answer(studio, production, accepted=False)
    async with ModelStudio("sk-of-somebody-else", base_url=studio.base_url) as stranger:
        with pytest.raises(AuthenticationError):
            await reconciler(stranger, ledger).reconcile()


async def test_a_throttled_list_slows_everybody_down(
    production: Production,
    shared: Reconciler,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slowed: list[tuple[str, float]] = []
    monkeypatch.setattr(shared.ledger.pace, "slow_down", lambda *asked: slowed.append(asked))
    await lose_answer(studio, production, accepted=True)
    add_fault(studio, "throttle", "list", retry_after="0.2")
    assert len((await only_doubt(shared)).candidates) == 1
    assert slowed == [(f"{shared.client.service} task list", 0.2)]
