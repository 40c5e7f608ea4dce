"""Finish, repair and store what is open in the books; meant to run every minute."""

from __future__ import annotations

from typing import Annotated

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.advice import in_prefect
from flows.catching_up import catch_up
from flows.parameters import Credentials, explained, load_credentials
from greenlight.filming.collector import Collector, Round
from greenlight.ledger import JobState
from greenlight.ledger.database import now
from greenlight.wording import visible
from tasks.artifacts import show_costs
from tasks.events import AMBIGUOUS, EXPIRED, EXPIRING, STORED, tell_job
from tasks.services import connected


def _run_name() -> str:
    return f"collect at {flow_run.scheduled_start_time or now():%H:%M} UTC"


@flow(name="collect-videos", flow_run_name=_run_name)
async def collect_videos(
    out: Annotated[
        str | None,
        explained(
            title="Out", description="Store the videos here instead of where their briefs said."
        ),
    ] = None,
    wait_seconds: Annotated[
        float,
        explained(
            title="Wait in seconds",
            ge=0,
            description="How long to keep polling; 0 polls every job once.",
        ),
    ] = 0,
    credentials: Credentials = None,
) -> State[dict[str, int]]:
    """Look at every open job, whoever began it: store what is done, settle what is in doubt.

    A job is closed by one collector at a time, so overlapping runs do no harm. Runs that ended as Filming or
    Ambiguous are named anew, after what came of their videos. The events that it raises are
    `greenlight.video.stored`, `.expiring` for a job that the vendor will soon forget, `.expired` for one that
    it has forgotten, and `.ambiguous`.
    """
    block = await load_credentials(credentials)
    async with connected(block) as services:
        collector = Collector(
            filmer=services.filmer,
            reconciler=services.reconciler,
            out=out,
        )
        result = await collector.collect(wait_seconds=wait_seconds)
        _tell(result)
        await catch_up(result.closed, services.ledger)
        if result.closed:
            await show_costs(services.ledger, services.client.service)
    counts = {
        "closed": len(result.closed),
        "open": len(result.open),
        "in doubt": len(result.doubts),
        "in trouble": len(result.troubled),
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    message = ", ".join(told) or "nothing was open"
    return Completed(name="Collected", message=message, data=counts)


def _tell(result: Round) -> None:
    """Log what a person must know, and raise the events that automations act on."""
    logger = get_run_logger()
    for job in result.closed:
        if job.state is JobState.SUCCEEDED and job.kind == "video":
            tell_job(STORED, job)
    for job, error in result.troubled:
        logger.warning("job %s: %s", job.short_name, visible(error.text(in_prefect, may_pay=False)))
    for job in result.expired:
        logger.error("job %s: %s", job.short_name, visible(job.message))
        tell_job(EXPIRED, job)
    for job in result.expiring:
        logger.error("job %s: its video is lost 24 hours after it was submitted", job.short_name)
        tell_job(EXPIRING, job)
    for doubt in result.doubts:
        told = visible(doubt.text(in_prefect))
        logger.warning("job %s is in doubt: %s", doubt.job.short_name, told)
        tell_job(AMBIGUOUS, doubt.job)
