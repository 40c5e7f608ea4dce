"""Follow a job to its end and store its video."""

from __future__ import annotations

from pathlib import Path

from prefect import task

from blocks import ModelStudioCredentials
from greenlight.filming.collecting import collect
from greenlight.ledger import Job, JobState
from tasks.events import STORED, tell_job
from tasks.services import connected


@task(task_run_name="collect {job.family} · {job.subject}", persist_result=False)
async def collect_video(
    job: Job,
    *,
    out: Path | str | None = None,
    wait_seconds: float,
    credentials: ModelStudioCredentials | None = None,
) -> Job:
    """Return the job as it stands after at most so many seconds, its video stored when it is done.

    `out` is a folder, s3://bucket/prefix/ or an .mp4 file; without it the video goes where its brief said.
    """
    async with connected(credentials) as services:
        ended = await collect(services.filmer, job, out, wait_seconds=wait_seconds)
    if ended.state is JobState.SUCCEEDED and job.state is JobState.SUBMITTED:
        tell_job(STORED, ended)
    return ended
