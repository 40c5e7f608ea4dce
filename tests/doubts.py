"""Jobs whose answer was lost, what it takes to settle them, and a clock that runs and can be turned on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from greenlight.filming.reconciling import AmbiguousJob, Reconciler
from greenlight.ledger import Claim, Job, JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.family import VideoRequest
from greenlight.studio.server import StudioServer
from tests.calling import submit
from tests.ledger.values import begin, claim_job
from tests.production import Production, produce
from tests.steering import add_fault

LEASE = 60.0
SETTLE = 600.0
SETTLED = LEASE + SETTLE


@dataclass
class RunningClock:
    """The time of this machine, and as much more as a test has turned it on.

    The `vendors` go by the same time, unless the clock is set wrong.
    """

    ahead: timedelta = field(default_factory=timedelta)
    vendors: list[StudioServer] = field(default_factory=list)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.set_wrong(seconds)
        for vendor in self.vendors:
            vendor.turn_clock(seconds)

    def set_wrong(self, seconds: float) -> None:
        """Turn this clock alone."""
        self.ahead += timedelta(seconds=seconds)


def reconciler(studio: ModelStudio, ledger: Ledger, *, exclusive: bool = False) -> Reconciler:
    return Reconciler(
        client=studio,
        ledger=ledger,
        settle_seconds=SETTLED,
        exclusive=exclusive,
    )


async def only_doubt(repair: Reconciler) -> AmbiguousJob:
    (doubt,) = await repair.reconcile()
    return doubt


async def lose_answer(studio: StudioServer, production: Production, *, accepted: bool) -> Job:
    """Send a production whose answer never comes, and look at the doubt for the first time."""
    add_fault(studio, "drop", "create", when="after" if accepted else "before")
    job = await production.submitted()
    assert job.state is JobState.AMBIGUOUS
    production.filmer.ledger.jobs.watch(job.id)
    return production.booked()


def send(production: Production) -> tuple[Job, Claim]:
    """Book a production as sent, as a process does that awaits the answer."""
    new = replace(
        production.order.new_job(production.client.service),
        account=production.client.account,
        settle_seconds=SETTLED,
    )
    held = claim_job(production.filmer.ledger, new)
    begin(production.filmer.ledger, new, claim=held)
    return production.booked(), held


async def begin_elsewhere(production: Production, **changes: Any) -> str:
    """Begin a production past these books, as another program of the account does; return its task."""
    request: VideoRequest = await production.order.request(production.client, "presigned")
    answer = await submit(production.client, request.model_copy(update=changes))
    return answer.task_id


async def wait_until_listed(studio: ModelStudio, count: int, *statuses: str) -> None:
    """Return once the list has so many tasks, all of them in one of the statuses if any are given."""
    async with asyncio.timeout(20):
        while True:
            tasks = (await studio.list_tasks(page_size=100)).tasks
            if len(tasks) == count and all(not statuses or t.status in statuses for t in tasks):
                return


async def with_sound_of(seconds: float, like: Production, folder: Path) -> Production:
    """Return a production of the same portrait with a sound of another length."""
    from tests.conftest import SAMPLES, make_sound

    sound = make_sound(folder / f"{seconds:g}.wav", seconds=seconds)
    return await produce(like.client, like.filmer.ledger, SAMPLES / "astronaut.png", sound)
