"""A lost answer is settled by the vendor's list, and never by paying again while there is doubt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from greenlight import reconciling
from greenlight.errors import InputError
from greenlight.ledger import JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import AuthenticationError
from greenlight.modelstudio.tasks import ListedTask
from greenlight.reconciling import Reconciler
from greenlight.studio.server import StudioServer, StudioSettings
from tests.doubts import (
    LEASE,
    SETTLED,
    RunningClock,
    begin_elsewhere,
    lose_answer,
    only_doubt,
    reconciler,
    wait_until_listed,
    with_sound_of,
)
from tests.production import Production, produce
from tests.steering import add_fault, paid, received

MODEL = "liveportrait"


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: RunningClock) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock) as books:
        yield books


@pytest.fixture
def shared(client: ModelStudio, ledger: Ledger) -> Reconciler:
    """Settles doubts of an account that others use too."""
    return reconciler(client, ledger)


@pytest.fixture
def exclusive(client: ModelStudio, ledger: Ledger) -> Reconciler:
    """Settles doubts of an account that only this ledger uses."""
    return reconciler(client, ledger, exclusive=True)


@pytest.fixture
async def second_take(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path
) -> Production:
    return await produce(client, ledger, astronaut, sound, take=2)


@pytest.fixture
async def slow_client(tmp_path: Path) -> AsyncIterator[ModelStudio]:
    """A client of a studio whose jobs take longer than any test."""
    settings = StudioSettings(home=tmp_path / "slow", rate_per_second=1000, job_seconds=600)
    with StudioServer(settings) as slow:
        async with ModelStudio("sk-local", base_url=slow.base_url) as connected:
            yield connected


async def test_no_candidate_before_the_settling_time_waits(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED - 5)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, doubt.candidates) == ("", [])
    assert "no task fits yet; it is free again in" in doubt.advice
    assert production.booked().state is JobState.AMBIGUOUS
    _, was_sent = await production.submit()
    assert not was_sent


async def test_no_candidate_after_the_settling_time_releases_and_it_is_paid_once_in_the_end(
    production: Production, shared: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)
    doubt = await only_doubt(shared)
    assert (doubt.outcome, doubt.job.state) == ("released", JobState.RESERVED)
    assert "may be sent again" in doubt.advice
    job, was_sent = await production.submit()
    assert (job.state, was_sent) == (JobState.SUBMITTED, True)
    assert paid(studio) == {MODEL: 1}
    assert await shared.reconcile() == []


async def test_one_candidate_of_a_shared_account_is_shown_and_stays_in_doubt(
    production: Production, shared: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    job = await lose_answer(studio, production, accepted=True)
    for _ in range(2):
        doubt = await only_doubt(shared)
        (candidate,) = doubt.candidates
        assert doubt.outcome == ""
        assert doubt.advice.endswith(
            f"greenlight reconcile --adopt {job.hash[:12]} {candidate.task_id}"
        )
        assert production.booked().state is JobState.AMBIGUOUS
        clock.turn(SETTLED)
    await production.submit()
    assert received(studio, "create") == 1


async def test_one_candidate_of_an_exclusive_account_is_adopted_and_its_video_stored(
    production: Production, exclusive: Reconciler, studio: StudioServer, tmp_path: Path
) -> None:
    await lose_answer(studio, production, accepted=True)
    await wait_until_listed(exclusive.studio, 1, "SUCCEEDED")
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, doubt.job.task_id) == ("adopted", doubt.candidates[0].task_id)
    assert doubt.job == production.booked()
    assert doubt.job.submitted_at == doubt.candidates[0].submit_time
    stored = await production.collect(doubt.job, tmp_path / "videos")
    assert stored.state is JobState.SUCCEEDED
    assert Path(str(stored.place)).is_file()
    assert paid(studio) == {MODEL: 1}


async def test_a_task_that_is_not_finished_is_not_adopted_because_its_length_decides(
    slow_client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path
) -> None:
    production = await produce(slow_client, ledger, astronaut, sound)
    new = production.order.new_job(slow_client.service)
    job, token = ledger.jobs.reserve(new, lease_seconds=LEASE)
    assert token is not None
    assert ledger.jobs.mark_sent(job.id, token, lease_seconds=LEASE)
    task_id = await begin_elsewhere(production)
    ledger.jobs.mark_ambiguous(job.id, token, "lost")
    repair = reconciler(slow_client, ledger, exclusive=True)
    doubt = await only_doubt(repair)
    assert "not finished" in doubt.advice
    with pytest.raises(InputError, match="not finished, and its length decides"):
        await repair.adopt_by_id(doubt.job, task_id)
    assert production.booked().state is JobState.AMBIGUOUS


async def test_a_canceled_task_is_no_candidate(
    slow_client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path, clock: RunningClock
) -> None:
    production = await produce(slow_client, ledger, astronaut, sound)
    new = production.order.new_job(slow_client.service)
    job, token = ledger.jobs.reserve(new, lease_seconds=LEASE)
    assert token is not None
    assert ledger.jobs.mark_sent(job.id, token, lease_seconds=LEASE)
    runs = await produce(slow_client, ledger, astronaut, sound, take=2)
    await runs.submitted()
    await slow_client.cancel(await begin_elsewhere(production))
    ledger.jobs.mark_ambiguous(job.id, token, "lost")
    clock.turn(SETTLED)
    assert (await only_doubt(reconciler(slow_client, ledger))).outcome == "released"


async def test_a_failed_task_is_no_candidate_and_the_brief_may_be_sent_again(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    add_fault(studio, "job_fails", "create")
    await lose_answer(studio, production, accepted=True)
    await wait_until_listed(exclusive.studio, 1, "FAILED")
    assert (await only_doubt(exclusive)).candidates == []
    clock.turn(SETTLED)
    assert (await only_doubt(exclusive)).outcome == "released"
    _, was_sent = await production.submit()
    assert was_sent


async def test_a_task_of_another_length_is_not_adopted_not_even_by_hand(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    tmp_path: Path,
) -> None:
    job = await lose_answer(studio, production, accepted=False)
    other = await begin_elsewhere(await with_sound_of(3.0, production, tmp_path))
    await wait_until_listed(exclusive.studio, 1, "SUCCEEDED")
    doubt = await only_doubt(exclusive)
    assert doubt.outcome == ""
    assert f"task {other} is 3 s long and the job's sound or motion 1 s" in doubt.advice
    with pytest.raises(InputError, match="another one's"):
        await exclusive.adopt_by_id(job, other)
    clock.turn(SETTLED)
    assert (await only_doubt(exclusive)).outcome == ""
    assert production.booked().state is JobState.AMBIGUOUS


async def test_several_candidates_are_shown_and_a_person_chooses(
    production: Production, exclusive: Reconciler, studio: StudioServer
) -> None:
    job = await lose_answer(studio, production, accepted=True)
    await begin_elsewhere(production)
    await wait_until_listed(exclusive.studio, 2, "SUCCEEDED")
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, len(doubt.candidates)) == ("", 2)
    assert "several" in doubt.advice
    adopted = await exclusive.adopt_by_id(job, doubt.candidates[1].task_id)
    assert (adopted.state, adopted.task_id) == (
        JobState.SUBMITTED,
        doubt.candidates[1].task_id,
    )


async def test_two_jobs_in_doubt_with_the_same_candidate_are_shown(
    production: Production,
    second_take: Production,
    exclusive: Reconciler,
    studio: StudioServer,
) -> None:
    await lose_answer(studio, production, accepted=True)
    await lose_answer(studio, second_take, accepted=False)
    await wait_until_listed(exclusive.studio, 1, "SUCCEEDED")
    for doubt in await exclusive.reconcile():
        assert (doubt.outcome, len(doubt.candidates)) == ("", 1)
        assert "several tasks or jobs fit" in doubt.advice
    assert production.booked().state is second_take.booked().state is JobState.AMBIGUOUS


async def test_the_task_of_a_job_whose_answer_is_on_its_way_is_not_given_to_another(
    production: Production,
    second_take: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
) -> None:
    """Both films have the same length, so nothing but the books can tell whose the task is."""
    await lose_answer(studio, production, accepted=False)
    jobs = exclusive.ledger.jobs
    new = second_take.order.new_job(second_take.studio.service)
    under_way, token = jobs.reserve(new, lease_seconds=LEASE)
    assert token is not None
    assert jobs.mark_sent(under_way.id, token, lease_seconds=LEASE)
    task_id = await begin_elsewhere(second_take)
    await wait_until_listed(exclusive.studio, 1, "SUCCEEDED")
    assert "several tasks or jobs fit" in (await only_doubt(exclusive)).advice
    jobs.store_task(under_way.id, token, task_id=task_id, request_id="r")
    assert (await only_doubt(exclusive)).candidates == []
    clock.turn(SETTLED)
    assert (await only_doubt(exclusive)).outcome == "released"


async def test_tasks_that_a_job_owns_are_no_candidates(
    production: Production, second_take: Production, exclusive: Reconciler, studio: StudioServer
) -> None:
    owned = await second_take.submitted()
    job = await lose_answer(studio, production, accepted=False)
    assert (await only_doubt(exclusive)).candidates == []
    await wait_until_listed(exclusive.studio, 1, "SUCCEEDED")
    with pytest.raises(InputError, match="belongs to another job"):
        await exclusive.adopt_by_id(job, str(owned.task_id))
    assert second_take.booked().task_id == owned.task_id


async def test_a_task_that_the_vendor_does_not_know_cannot_be_adopted(
    production: Production, shared: Reconciler, studio: StudioServer
) -> None:
    job = await lose_answer(studio, production, accepted=False)
    with pytest.raises(InputError, match="does not know task 11111111"):
        await shared.adopt_by_id(job, "11111111-2222-3333-4444-555555555555")
    assert production.booked().state is JobState.AMBIGUOUS


async def test_a_job_that_is_not_in_doubt_adopts_nothing(
    production: Production, second_take: Production, shared: Reconciler
) -> None:
    job = await production.submitted()
    other = await second_take.submitted()
    with pytest.raises(InputError, match="is submitted, not in doubt"):
        await shared.adopt_by_id(job, str(other.task_id))


async def test_a_lagging_list_is_waited_for(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    add_fault(studio, "list_lag", "create", seconds=0.5)
    await lose_answer(studio, production, accepted=True)
    clock.turn(SETTLED - 5)
    assert (await only_doubt(exclusive)).candidates == []
    assert production.booked().state is JobState.AMBIGUOUS
    await wait_until_listed(exclusive.studio, 1, "SUCCEEDED")
    clock.turn(SETTLED)
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

    async def slowly(*_: Any, **__: Any) -> list[ListedTask]:
        clock.turn(SETTLED)
        return []

    monkeypatch.setattr(reconciling, "list_tasks", slowly)
    assert (await only_doubt(shared)).outcome == ""
    assert production.booked().state is JobState.AMBIGUOUS


async def test_a_doubt_that_is_settled_meanwhile_is_left_alone(
    production: Production,
    shared: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process releases the job and sends it again, and that answer is lost too."""
    clock.turn(-SETTLED)
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)

    async def meanwhile(*_: Any, **__: Any) -> list[ListedTask]:
        shared.ledger.jobs.release(production.booked().id)
        await lose_answer(studio, production, accepted=True)
        return []

    monkeypatch.setattr(reconciling, "list_tasks", meanwhile)
    doubt = await only_doubt(shared)
    assert (doubt.outcome, doubt.advice) == ("", "another process has settled it meanwhile")
    assert doubt.job.state is JobState.AMBIGUOUS
    monkeypatch.undo()
    assert len((await only_doubt(shared)).candidates) == 1


async def test_a_status_that_nobody_knows_may_be_the_lost_task(
    production: Production,
    shared: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = await lose_answer(studio, production, accepted=True)
    clock.turn(SETTLED)

    async def listed(*_: Any, **__: Any) -> list[ListedTask]:
        return [ListedTask(task_id="task-1", status="MEDITATING", submit_time=job.sent_at)]

    monkeypatch.setattr(reconciling, "list_tasks", listed)
    doubt = await only_doubt(shared)
    assert [task.task_id for task in doubt.candidates] == ["task-1"]
    assert doubt.outcome == ""


async def test_beyond_a_day_only_a_person_decides(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    job = await lose_answer(studio, production, accepted=True)
    await wait_until_listed(exclusive.studio, 1, "SUCCEEDED")
    (task,) = (await exclusive.studio.list_tasks()).tasks
    clock.turn(timedelta(days=1).total_seconds())
    asked = received(studio, "list")
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, doubt.candidates) == ("", [])
    assert "no longer reaches back" in doubt.advice
    assert received(studio, "list") == asked
    assert (await exclusive.adopt_by_id(job, task.task_id)).state is JobState.SUBMITTED


async def test_the_list_never_closes_a_job(
    production: Production, second_take: Production, exclusive: Reconciler, studio: StudioServer
) -> None:
    submitted = await production.submitted()
    await lose_answer(studio, second_take, accepted=True)
    await wait_until_listed(exclusive.studio, 2, "SUCCEEDED")
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
    await wait_until_listed(exclusive.studio, 1)
    assert (await only_doubt(exclusive)).candidates == []


async def test_a_task_that_began_before_the_request_is_no_candidate(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    await begin_elsewhere(production)
    clock.turn(120)
    await lose_answer(studio, production, accepted=False)
    assert (await only_doubt(exclusive)).candidates == []


async def test_a_task_that_began_after_the_settling_time_is_no_candidate(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    clock.turn(-SETTLED - 5)
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED + 5)
    await begin_elsewhere(production)
    assert (await only_doubt(exclusive)).outcome == "released"


async def test_a_dead_holder_that_sent_leaves_a_doubt_that_is_settled(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    jobs = exclusive.ledger.jobs
    job, token = jobs.reserve(
        production.order.new_job(production.studio.service), lease_seconds=LEASE
    )
    assert token is not None
    assert jobs.mark_sent(job.id, token, lease_seconds=LEASE)
    task_id = await begin_elsewhere(production)
    await wait_until_listed(exclusive.studio, 1, "SUCCEEDED")
    assert await exclusive.reconcile() == []
    clock.turn(LEASE)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, production.booked().task_id) == ("adopted", task_id)
    assert paid(studio) == {MODEL: 1}


async def test_a_list_that_cannot_be_read_decides_nothing(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)
    add_fault(studio, "error", "list", status=400, code="InvalidParameter", message="No list.")
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, production.booked().state) == ("", JobState.AMBIGUOUS)
    assert "it stays in doubt" in doubt.advice
    assert "No list" in doubt.advice
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
    assert slowed == [(f"{shared.studio.service} task list", 0.2)]


async def test_two_reconcilers_at_once_adopt_a_task_once(
    production: Production, exclusive: Reconciler, studio: StudioServer
) -> None:
    await lose_answer(studio, production, accepted=True)
    await wait_until_listed(exclusive.studio, 1, "SUCCEEDED")
    both = await asyncio.gather(exclusive.reconcile(), exclusive.reconcile())
    outcomes = [doubt.outcome for doubts in both for doubt in doubts]
    assert outcomes.count("adopted") == 1
    assert production.booked().state is JobState.SUBMITTED
