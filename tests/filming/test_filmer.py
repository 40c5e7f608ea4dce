"""One paying request a job, whatever happens on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from greenlight.errors import InputError, LedgerError
from greenlight.ledger import JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import ModelStudioError, ServiceUnreachable, Throttled
from greenlight.modelstudio.family import VideoRequest
from greenlight.studio.server import StudioServer
from tests.doubts import send
from tests.production import Production, produce
from tests.steering import add_fault, paid, received

MODEL = "liveportrait"


async def test_a_job_is_sent_with_exactly_one_paying_request(
    production: Production, studio: StudioServer
) -> None:
    job, was_sent = await production.submit()
    assert (job.state, was_sent) == (JobState.SUBMITTED, True)
    assert job.task_id
    assert job.request_id
    assert job.brief["portrait"].endswith("astronaut.png")
    assert paid(studio) == {MODEL: 1}
    assert received(studio, "create") == 1


async def test_the_same_brief_again_is_the_same_job(
    production: Production, studio: StudioServer
) -> None:
    first, _ = await production.submit()
    second, was_sent = await production.submit()
    assert (second.task_id, was_sent) == (first.task_id, False)
    assert received(studio, "create") == 1


async def test_of_several_at_once_one_sends(production: Production, studio: StudioServer) -> None:
    found = await asyncio.gather(*(production.submit() for _ in range(5)))
    assert [was_sent for _, was_sent in found].count(True) == 1
    assert received(studio, "create") == 1


async def test_another_take_is_another_job(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    for take in (1, 2):
        production = await produce(client, ledger, astronaut, sound, take=take)
        assert (await production.submitted()).state is JobState.SUBMITTED
    assert paid(studio) == {MODEL: 2}


async def test_a_throttled_request_is_sent_again_until_it_is_accepted(
    production: Production, studio: StudioServer
) -> None:
    add_fault(studio, "throttle", "create", times=2, retry_after="0")
    job, _ = await production.submit()
    assert job.state is JobState.SUBMITTED
    assert received(studio, "create") == 3
    assert paid(studio) == {MODEL: 1}


async def test_a_request_that_is_throttled_for_too_long_is_given_up_and_free(
    production: Production, studio: StudioServer
) -> None:
    """A wait that outlasts the reservation would leave a job that nobody sends."""
    add_fault(studio, "throttle", "create", retry_after="120")
    with pytest.raises(Throttled) as caught:
        await production.submit()
    assert not caught.value.may_have_cost
    assert production.booked().sent_at is None
    assert received(studio, "create") == 1


@pytest.mark.parametrize("retry_after", ["1", "120"])
async def test_a_server_that_is_throttled_itself_leaves_a_doubt(
    production: Production, studio: StudioServer, retry_after: str
) -> None:
    """Whatever its code says, a server's fault does not say that nothing was begun."""
    said = {"status": 503, "code": "Throttling.RateQuota", "retry_after": retry_after}
    add_fault(studio, "error", "create", when="after", **said)
    job, was_sent = await production.submit()
    assert (job.state, was_sent) == (JobState.AMBIGUOUS, True)
    assert received(studio, "create") == 1


async def test_a_refused_connection_is_tried_again(
    production: Production, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = production.order.new_job(production.client.service)
    request = await production.order.request(production.client, "presigned")
    seen: list[BaseException | None] = []

    def start_studio(error: BaseException | None, tries: int) -> float:
        seen.append(error)
        studio.start()
        return 0.0

    async def prepared() -> VideoRequest:
        return request

    monkeypatch.setattr("greenlight.filming.filmer.wait_before_retry", start_studio)
    await asyncio.to_thread(studio.stop)
    job, _ = await production.filmer.submit(new, prepared, starts_per_second=1000)
    assert [type(error) for error in seen] == [ServiceUnreachable]
    assert job.state is JobState.SUBMITTED
    assert paid(studio) == {MODEL: 1}


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "InvalidParameter", "503 Service Unavailable: timeout, connection reset"),
        (400, "DataInspectionFailed", "Input data may contain inappropriate content. (500)"),
        (401, "InvalidApiKey", "Invalid API-key provided, request timed out."),
        (403, "AccessDenied", "Gateway timeout while looking at the workspace."),
        (404, "ModelNotFound", "Model not exist."),
        (400, "Arrearage", "Access denied, read timeout."),
    ],
)
async def test_a_refused_request_costs_nothing_and_frees_the_job(
    status: int, code: str, message: str, production: Production, studio: StudioServer
) -> None:
    add_fault(studio, "error", "create", status=status, code=code, message=message)
    with pytest.raises(ModelStudioError) as caught:
        await production.submit()
    assert not caught.value.may_have_cost
    freed = production.booked()
    assert (freed.state, freed.sent_at, freed.code) == (JobState.FAILED, None, code)
    assert received(studio, "create") == 1
    job, was_sent = await production.submit()
    assert (job.state, job.code, was_sent) == (JobState.SUBMITTED, "", True)
    assert paid(studio) == {MODEL: 1}


LOST: list[tuple[dict[str, Any], int]] = [
    ({"fault": "drop", "when": "after"}, 1),
    ({"fault": "drop", "when": "before"}, 0),
    ({"fault": "error", "status": 500, "when": "after"}, 1),
    ({"fault": "error", "status": 500, "when": "before"}, 0),
    ({"fault": "error", "status": 503, "when": "before"}, 0),
    ({"fault": "cut_json"}, 1),
    ({"fault": "html", "status": 200}, 1),
    ({"fault": "html", "status": 502, "when": "before"}, 0),
]


@pytest.mark.parametrize(
    ("fault", "accepted"), LOST, ids=["-".join(map(str, fault.values())) for fault, _ in LOST]
)
async def test_a_lost_answer_is_ambiguous_and_no_second_request_is_sent(
    fault: dict[str, Any], accepted: int, production: Production, studio: StudioServer
) -> None:
    """Whether it was accepted, only the studio knows."""
    add_fault(studio, on="create", **fault)
    for was_sent in (True, False):
        job, sent = await production.submit()
        assert (job.state, sent) == (JobState.AMBIGUOUS, was_sent)
        assert job.message
        assert job.task_id is None
    assert received(studio, "create") == 1
    assert sum(paid(studio).values()) == accepted


async def test_an_answer_that_comes_too_late_for_the_lease_is_ambiguous(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    production = await produce(client, ledger, astronaut, sound, lease_seconds=0.6)
    add_fault(studio, "slow", "create", seconds=30)
    job, _ = await production.submit()
    assert (job.state, job.message) == (JobState.AMBIGUOUS, "no answer in time")
    assert received(studio, "create") == 1


async def test_a_task_that_cannot_be_booked_is_named_and_never_sent_again(
    production: Production, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LedgerError("the disk is full")

    monkeypatch.setattr(production.filmer.ledger.unbooked, "book", fail)
    monkeypatch.setattr("greenlight.paying.payer.BOOKING_SECONDS", 0)
    with pytest.raises(
        LedgerError,
        match=r"task \S+ was begun for at most \S+ CNY .* the disk is full; it is kept in",
    ) as caught:
        await production.submit()
    assert caught.value.spent
    assert production.booked().state is JobState.RESERVED
    monkeypatch.undo()
    job, was_sent = await production.submit()
    assert (job.state, was_sent) == (JobState.AMBIGUOUS, False)
    assert received(studio, "create") == 1
    production.filmer.ledger.unbooked.book_all()
    assert production.booked().state is JobState.SUBMITTED


async def test_what_cannot_be_prepared_is_not_sent_and_frees_the_job(
    production: Production, studio: StudioServer
) -> None:
    async def changed() -> VideoRequest:
        raise InputError("anna.png was changed while it was worked on; run it again")

    new = production.order.new_job(production.client.service)
    with pytest.raises(InputError):
        await production.filmer.submit(new, changed, starts_per_second=1000)
    assert received(studio, "create") == 0
    _, was_sent = await production.submit()
    assert was_sent


@pytest.mark.parametrize(
    ("code", "is_made_again"), [("InternalError", True), ("InvalidFile.Audio", False)]
)
async def test_a_failed_task_closes_its_job_at_no_cost_and_is_made_again_if_that_may_help(
    production: Production,
    studio: StudioServer,
    code: str,
    is_made_again: bool,  # noqa: FBT001
) -> None:
    add_fault(studio, "job_fails", "create", code=code, message="No voice.")
    job = await production.submitted()
    task = await production.filmer.follow(job, wait_seconds=20)
    assert task is not None
    closed = production.booked()
    assert (closed.state, closed.code, closed.message) == (
        JobState.FAILED,
        code,
        "No voice.",
    )
    assert not closed.cost_cny
    _, was_sent = await production.submit()
    assert was_sent is is_made_again


async def test_a_canceled_task_closes_its_job_at_no_cost(
    slow_client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path
) -> None:
    first = await produce(slow_client, ledger, astronaut, sound, take=1)
    queued = await produce(slow_client, ledger, astronaut, sound, take=2)
    await first.submit()
    job = await queued.submitted()
    assert job.task_id
    await slow_client.cancel(job.task_id)
    await queued.filmer.follow(job, wait_seconds=20)
    assert queued.booked().state is JobState.CANCELED
    assert not queued.booked().cost_cny


async def test_the_wait_ends_and_the_job_stays_open(
    slow_client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path
) -> None:
    production = await produce(slow_client, ledger, astronaut, sound)
    job = await production.submitted()
    assert await production.filmer.follow(job, wait_seconds=0) is None
    assert await production.filmer.follow(job, wait_seconds=0.1) is None
    assert production.booked().state is JobState.SUBMITTED


async def test_a_status_that_nobody_knows_is_not_finished(
    production: Production, studio: StudioServer
) -> None:
    job = await production.submitted()
    add_fault(studio, "unknown_status", "fetch", times=None)
    assert await production.filmer.follow(job, wait_seconds=0.1) is None
    assert production.booked().state is JobState.SUBMITTED


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "error", "status": 500},
        {"fault": "error", "status": 503},
        {"fault": "drop"},
        {"fault": "throttle"},
        {"fault": "unknown_status"},
        {"fault": "extra_fields"},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
async def test_faults_of_the_way_are_waited_out(
    fault: dict[str, Any], production: Production, studio: StudioServer
) -> None:
    job = await production.submitted()
    add_fault(studio, on="fetch", times=3, **fault)
    task = await production.filmer.follow(job, wait_seconds=20)
    assert task is not None
    assert task.is_succeeded
    assert received(studio, "fetch") >= 4 or fault["fault"] == "extra_fields"


@pytest.mark.parametrize("fault", ["html", "cut_json", "no_url"])
async def test_an_answer_that_fits_no_shape_is_told_and_the_job_stays_open(
    fault: str, production: Production, studio: StudioServer
) -> None:
    job = await production.submitted()
    if fault == "no_url":
        assert await production.filmer.follow(job, wait_seconds=20)
    add_fault(studio, fault, "fetch")
    with pytest.raises(ModelStudioError):
        await production.filmer.follow(job, wait_seconds=20)
    assert production.booked().state is JobState.SUBMITTED
    assert await production.filmer.follow(job, wait_seconds=20)


async def test_a_forgotten_task_is_open_for_24_hours_and_expired_then(
    production: Production,
) -> None:
    job, claim = send(production)
    task_id = "11111111-2222-3333-4444-555555555555"
    production.filmer.ledger.jobs.store_task(job.id, claim.token, task_id=task_id, request_id="r")
    job = production.booked()
    assert job.submitted_at is not None
    today = replace(job, submitted_at=job.submitted_at - timedelta(hours=23, minutes=59))
    assert await production.filmer.follow(today, wait_seconds=0) is None
    assert production.booked().state is JobState.SUBMITTED
    yesterday = replace(job, submitted_at=job.submitted_at - timedelta(hours=24, minutes=1))
    assert await production.filmer.follow(yesterday, wait_seconds=0)
    assert production.booked().state is JobState.EXPIRED
    assert "24 hours" in production.booked().message


async def test_a_job_without_a_task_is_not_followed(production: Production) -> None:
    job = replace(await production.submitted(), task_id=None)
    with pytest.raises(ValueError, match="no task"):
        await production.filmer.follow(job, wait_seconds=0)
