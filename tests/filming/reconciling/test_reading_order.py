"""Whatever arrives while the list and the books are read, no task goes to a job that is not its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from greenlight.filming import evidence
from greenlight.filming.listing import TaskList
from greenlight.filming.reconciling import Reconciler
from greenlight.ledger import Claim, Job, JobState
from greenlight.studio.server import StudioServer
from tests.doubts import begin_elsewhere, lose_answer, only_doubt, send, wait_until_listed
from tests.production import Production
from tests.steering import paid

READINGS = ("unanswered", "owned_task_ids", "accepted_lately")
"""What is read of the books for the evidence."""


@pytest.fixture
async def in_doubt(production: Production, studio: StudioServer) -> Production:
    """A production that was never accepted, and that nobody knows it of."""
    await lose_answer(studio, production, accepted=False)
    return production


class LateAnswer:
    """The answer to another job's request, which is on its way while the evidence is read."""

    def __init__(self, production: Production, job: Job, claim: Claim, task_id: str) -> None:
        self._production, self._job, self._claim = production, job, claim
        self.task_id = task_id

    def arrive(self) -> None:
        """Be booked, however often."""
        self._production.filmer.ledger.jobs.store_task(
            self._job.id, self._claim.token, task_id=self.task_id, request_id="r"
        )


@pytest.fixture
async def late_answer(
    in_doubt: Production, second_take: Production, exclusive: Reconciler
) -> LateAnswer:
    """The vendor has the task of a second job already; the books learn of it a moment later."""
    job, claim = send(second_take)
    task_id = await begin_elsewhere(second_take)
    await wait_until_listed(exclusive.client, 1, "SUCCEEDED")
    return LateAnswer(second_take, job, claim, task_id)


def just_before(reading: Callable[..., Any], arrive: Callable[[], None]) -> Callable[..., Any]:
    def read(*asked: Any, **more: Any) -> Any:
        arrive()
        return reading(*asked, **more)

    return read


@pytest.mark.parametrize("name", READINGS)
async def test_an_answer_that_arrives_before_a_reading_gives_its_task_to_nobody_else(
    in_doubt: Production,
    late_answer: LateAnswer,
    exclusive: Reconciler,
    monkeypatch: pytest.MonkeyPatch,
    studio: StudioServer,
    name: str,
) -> None:
    books = exclusive.ledger.jobs
    monkeypatch.setattr(books, name, just_before(getattr(books, name), late_answer.arrive))
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, in_doubt.booked().task_id) == ("", None)
    # Nobody is told either that it is the one task that fits.
    assert doubt.candidates == [] or "several tasks or jobs fit together" in doubt.text()
    assert in_doubt.booked().state is JobState.AMBIGUOUS
    assert paid(studio) == {"liveportrait": 1}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_answer_that_arrives_while_the_list_is_read_gives_its_task_to_nobody_else(
    in_doubt: Production,
    late_answer: LateAnswer,
    exclusive: Reconciler,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    real = evidence.list_tasks

    async def meanwhile(*asked: Any) -> TaskList:
        if when == "before":
            late_answer.arrive()
        listed = await real(*asked)
        late_answer.arrive()
        return listed

    monkeypatch.setattr(evidence, "list_tasks", meanwhile)
    doubt = await only_doubt(exclusive)
    assert (doubt.outcome, doubt.candidates) == ("", [])
    assert in_doubt.booked().state is JobState.AMBIGUOUS


async def test_an_answer_of_its_own_that_arrives_while_the_list_is_read_ends_the_doubt(
    production: Production,
    exclusive: Reconciler,
    monkeypatch: pytest.MonkeyPatch,
    studio: StudioServer,
) -> None:
    """Its task is no candidate then, and yet it is not released."""
    job, claim = send(production)
    task_id = await begin_elsewhere(production)
    books = exclusive.ledger.jobs
    books.mark_ambiguous(job.id, claim.token, "lost")
    books.watch(job.id)
    late = LateAnswer(production, job, claim, task_id)
    monkeypatch.setattr(books, "watch", just_before(books.watch, late.arrive))
    monkeypatch.setattr(books, "owned_task_ids", just_before(books.owned_task_ids, late.arrive))
    await exclusive.reconcile()
    assert (production.booked().state, production.booked().task_id) == (
        JobState.SUBMITTED,
        task_id,
    )
    await production.submit()
    assert paid(studio) == {"liveportrait": 1}
