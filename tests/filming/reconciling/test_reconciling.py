"""A lost answer is settled, and never by paying again while there is doubt."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from greenlight.errors import InputError
from greenlight.errors.advice import AdoptTask
from greenlight.filming import evidence
from greenlight.filming.listing import TaskList
from greenlight.filming.reconciling import Reconciler
from greenlight.ledger import JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.studio.server import StudioServer
from tests.doubts import (
    LEASE,
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
from tests.steering import paid, received

MODEL = "liveportrait"


async def test_no_candidate_before_the_settling_time_waits(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED - 5)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, doubt.candidates) == ("", [])
    assert "no matching task yet; released in" in doubt.text()
    assert production.booked().state is JobState.AMBIGUOUS
    _, was_sent = await production.submit()
    assert not was_sent


async def test_no_candidate_after_the_settling_time_releases_and_it_is_paid_once_in_the_end(
    production: Production, shared: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)
    doubt = await only_doubt(shared)
    assert (doubt.outcome, doubt.job.may_be_ordered_again) == ("released", True)
    assert "may be sent again" in doubt.text()
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
        assert doubt.advice == AdoptTask(job.hash[:12], candidate.task_id)
        assert production.booked().state is JobState.AMBIGUOUS
        clock.turn(SETTLED)
    await production.submit()
    assert received(studio, "create") == 1


async def test_one_candidate_of_an_exclusive_account_is_adopted_and_its_video_stored(
    production: Production, exclusive: Reconciler, studio: StudioServer, tmp_path: Path
) -> None:
    await lose_answer(studio, production, accepted=True)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
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
    job, claim = send(production)
    task_id = await begin_elsewhere(production)
    ledger.jobs.mark_ambiguous(job.id, claim.token, "lost")
    ledger.jobs.watch(job.id)
    repair = reconciler(slow_client, ledger, exclusive=True)
    doubt = await only_doubt(repair)
    assert "not finished" in doubt.text()
    with pytest.raises(InputError, match="not finished, and its length decides"):
        await repair.adopt_by_id(doubt.job, task_id)
    assert production.booked().state is JobState.AMBIGUOUS


async def test_a_task_of_another_length_is_not_adopted_not_even_by_hand(
    production: Production,
    exclusive: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    tmp_path: Path,
) -> None:
    job = await lose_answer(studio, production, accepted=False)
    other = await begin_elsewhere(await with_sound_of(3.0, production, tmp_path))
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    doubt = await only_doubt(exclusive)
    assert doubt.outcome == ""
    assert f"task {other} is 3 s long and the job's sound or motion 1 s" in doubt.text()
    with pytest.raises(InputError, match="another one"):
        await exclusive.adopt_by_id(job, other)
    clock.turn(SETTLED)
    assert (await only_doubt(exclusive)).outcome == ""
    assert production.booked().state is JobState.AMBIGUOUS


async def test_several_candidates_are_shown_and_a_person_chooses(
    production: Production, exclusive: Reconciler, studio: StudioServer
) -> None:
    job = await lose_answer(studio, production, accepted=True)
    await begin_elsewhere(production)
    await wait_until_listed(exclusive.client, 2, "SUCCEEDED")
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, len(doubt.candidates)) == ("", 2)
    assert "several" in doubt.text()
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
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    for doubt in await exclusive.reconcile():
        assert (doubt.outcome, len(doubt.candidates)) == ("", 1)
        assert "several tasks or jobs fit" in doubt.text()
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
    under_way, claim = send(second_take)
    task_id = await begin_elsewhere(second_take)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    assert "several tasks or jobs fit" in (await only_doubt(exclusive)).text()
    jobs.store_task(under_way.id, claim.token, task_id=task_id, request_id="r")
    assert (await only_doubt(exclusive)).candidates == []
    clock.turn(SETTLED)
    assert (await only_doubt(exclusive)).outcome == "released"


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


async def test_a_doubt_that_is_settled_meanwhile_is_left_alone(
    production: Production,
    shared: Reconciler,
    clock: RunningClock,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process releases the job and sends it again, and that answer is lost too."""
    job = await lose_answer(studio, production, accepted=False)
    clock.turn(SETTLED)

    async def meanwhile(*_: Any, **__: Any) -> TaskList:
        shared.ledger.jobs.release(production.booked().id)
        await lose_answer(studio, production, accepted=True)
        return TaskList({}, is_whole=True, answered_at=clock())

    monkeypatch.setattr(evidence, "list_tasks", meanwhile)
    # As if the other process came between the last look at the doubt and its release.
    monkeypatch.setattr(shared.ledger.jobs, "watch", lambda _: job.doubted_at)
    doubt = await only_doubt(shared)
    assert (doubt.outcome, doubt.text()) == ("", "another process has settled it meanwhile")
    assert doubt.job.state is JobState.AMBIGUOUS
    monkeypatch.undo()
    assert len((await only_doubt(shared)).candidates) == 1


async def test_a_dead_holder_that_sent_leaves_a_doubt_that_is_settled(
    production: Production, exclusive: Reconciler, clock: RunningClock, studio: StudioServer
) -> None:
    send(production)
    task_id = await begin_elsewhere(production)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    assert await exclusive.reconcile() == []
    clock.turn(LEASE)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, production.booked().task_id) == ("adopted", task_id)
    assert paid(studio) == {MODEL: 1}


async def test_two_reconcilers_at_once_adopt_a_task_once(
    production: Production, exclusive: Reconciler, studio: StudioServer
) -> None:
    await lose_answer(studio, production, accepted=True)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    both = await asyncio.gather(exclusive.reconcile(), exclusive.reconcile())
    outcomes = [doubt.outcome for doubts in both for doubt in doubts]
    assert outcomes.count("adopted") == 1
    assert production.booked().state is JobState.SUBMITTED
