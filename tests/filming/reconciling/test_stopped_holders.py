"""Who is stopped for longer than its lease sends nothing any more, if another took over."""

from __future__ import annotations

from typing import Any

import pytest

from greenlight.filming.filmer import Filmer
from greenlight.ledger import JobState
from greenlight.ledger.job import claim_name
from greenlight.modelstudio import transport
from greenlight.modelstudio.family import VideoRequest
from greenlight.paying import payer
from greenlight.studio.server import StudioServer
from tests.doubts import LEASE, RunningClock, send
from tests.production import Production
from tests.steering import paid, received

MODEL = "liveportrait"


async def test_an_upload_that_takes_longer_than_its_lease_is_sent(
    production: Production, clock: RunningClock, studio: StudioServer
) -> None:
    new = production.order.new_job(production.client.service)

    async def slowly() -> VideoRequest:
        clock.turn(LEASE)
        return await production.order.request(production.client, "presigned")

    job, was_sent = await production.filmer.submit(new, slowly, starts_per_second=1000)
    assert (job.state, was_sent) == (JobState.SUBMITTED, True)
    assert paid(studio) == {MODEL: 1}


async def test_who_is_stopped_while_another_sends_returns_the_others_job(
    production: Production, clock: RunningClock, studio: StudioServer
) -> None:
    new = production.order.new_job(production.client.service)
    requests: list[VideoRequest] = []

    async def stopped() -> VideoRequest:
        requests.append(await production.order.request(production.client, "presigned"))
        if len(requests) == 1:
            clock.turn(10 * LEASE)
            await production.submit()
        return requests[-1]

    job, was_sent = await production.filmer.submit(new, stopped, starts_per_second=1000)
    assert (job.state, was_sent) == (JobState.SUBMITTED, False)
    assert (len(requests), paid(studio)) == (1, {MODEL: 1})


@pytest.mark.parametrize(("before", "most_received"), [("headers", 1), ("body", 2)])
async def test_who_sleeps_before_the_request_is_sent_whole_sends_no_more_of_it(
    production: Production,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    most_received: int,
) -> None:
    """A suspended machine: its clocks that only count waking time show nothing of it."""
    awake, slept = transport.awake_seconds, 0.0

    async def connected(line: Any, event: str, info: Any) -> None:
        nonlocal slept
        if event == f"http11.send_request_{before}.started":
            slept = 3600.0
        await trace(line, event, info)

    trace = transport._Line.trace
    for module in (transport, payer):
        monkeypatch.setattr(module, "awake_seconds", lambda: awake() + slept)
    monkeypatch.setattr(transport._Line, "trace", connected)
    seen: list[JobState] = []
    begin = production.filmer.ledger.payments.begin

    def watched(*arguments: Any) -> Any:
        job = production.filmer.ledger.jobs.find(production.key)
        seen.extend([job.state] if job else [])
        return begin(*arguments)

    monkeypatch.setattr(production.filmer.ledger.payments, "begin", watched)
    job = await production.submitted()
    assert seen[0] is JobState.FAILED
    assert job.state is JobState.SUBMITTED
    assert paid(studio) == {MODEL: 1}
    assert received(studio, "create") <= most_received


async def test_a_second_holder_leaves_the_doubt_of_the_first_as_it_is(
    production: Production, clock: RunningClock, studio: StudioServer
) -> None:
    """It was stopped after it said that it sends: only the vendor's list can tell that nothing came."""
    ledger = production.filmer.ledger
    _, first = send(production)
    clock.turn(LEASE)
    job, was_sent = await production.submit()
    assert (job.state, was_sent) == (JobState.AMBIGUOUS, False)
    assert received(studio, "create") == 0
    ledger.leases.release(first)
    assert ledger.leases.acquire(claim_name(production.key), LEASE) is not None


async def test_an_answer_that_is_awaited_keeps_its_claim_for_the_whole_lease(
    production: Production, studio: StudioServer
) -> None:
    filmer = Filmer(
        client=production.client, ledger=production.filmer.ledger, poll_seconds=1, lease_seconds=90
    )
    claims: list[float] = []
    begin = filmer.ledger.payments.begin

    def watched(new: Any, claim: Any, terms: Any) -> Any:
        claims.append(claim.seconds)
        return begin(new, claim, terms)

    filmer.ledger.payments.begin = watched  # type: ignore[method-assign]
    request = await production.order.request(production.client, "presigned")

    async def prepared() -> VideoRequest:
        return request

    new = production.order.new_job(production.client.service)
    await filmer.submit(new, prepared, starts_per_second=1000)
    assert claims == [90]
