"""Who is stopped for longer than its lease sends nothing any more."""

from __future__ import annotations

from typing import Any

import pytest

from greenlight.filming.filmer import Filmer
from greenlight.ledger import JobState
from greenlight.modelstudio.family import VideoRequest
from greenlight.studio.server import StudioServer
from tests.doubts import LEASE, RunningClock
from tests.production import Production
from tests.steering import received


async def test_who_is_stopped_before_it_says_that_it_sends_sends_nothing(
    production: Production, clock: RunningClock, studio: StudioServer
) -> None:
    new = production.order.new_job(production.studio.service)

    async def stopped() -> VideoRequest:
        clock.turn(LEASE)
        return await production.order.request(production.studio, "presigned")

    job, was_sent = await production.filmer.submit(new, stopped, starts_per_second=1000)
    assert (job.state, job.sent_at, was_sent) == (JobState.RESERVED, None, False)
    assert received(studio, "create") == 0


async def test_who_is_stopped_after_it_said_that_it_sends_sends_nothing_either(
    production: Production, studio: StudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job is in doubt all the same: only the vendor's list can tell that nothing came."""
    jobs = production.filmer.ledger.jobs
    mark_sent = jobs.mark_sent
    filmer = Filmer(
        studio=production.studio, ledger=production.filmer.ledger, poll_seconds=1, lease_seconds=0.2
    )

    def stopped(*arguments: Any, **options: Any) -> bool:
        is_sent = mark_sent(*arguments, **options)
        while jobs.mark_left_in_doubt() == 0:
            """Stand still until the lease is over."""
        return is_sent

    monkeypatch.setattr(jobs, "mark_sent", stopped)
    new = production.order.new_job(production.studio.service)
    request = await production.order.request(production.studio, "presigned")

    async def prepared() -> VideoRequest:
        return request

    job, _ = await filmer.submit(new, prepared, starts_per_second=1000)
    assert job.state is JobState.AMBIGUOUS
    assert received(studio, "create") == 0
