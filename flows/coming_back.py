"""Let a deployed run come back later instead of waiting in a process."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from prefect import get_client
from prefect.runtime import flow_run
from prefect.states import Scheduled

from greenlight.ledger import Job, Ledger
from greenlight.ledger.database import now

SOONEST = timedelta(minutes=1)
LATEST = timedelta(minutes=15)


async def come_back(job: Job, ledger: Ledger) -> str:
    """Schedule this run's deployment once more for when a job may have ended; say so, for people.

    A run that was begun by hand has no deployment, and nothing is scheduled. The longer a job takes, the
    longer is the pause: a vendor's queue of hours costs a dozen short runs, and no process that waits. What
    was promised to this run is the next one's.
    """
    run_id = flow_run.id
    if not run_id:
        return ""
    at = now()
    due_at = at + min(max(at - (job.submitted_at or at), SOONEST), LATEST)
    async with get_client() as client:
        # Asked of the server, because a run within a deployed run has none of its own.
        this = await client.read_flow_run(run_id)
        if this.deployment_id is None:
            return ""
        later = await client.create_flow_run_from_deployment(
            this.deployment_id,
            parameters=this.parameters,
            state=Scheduled(scheduled_time=due_at),
            name=this.name,
            tags=this.tags,
            idempotency_key=f"{run_id} comes back",
        )
    if (promise := this.parameters.get("promise")) is not None:
        # Before this run ends, which would release it.
        await asyncio.to_thread(ledger.promises.take, promise, str(later.id))
    return f"a run comes back to it at {due_at:%H:%M} UTC"
