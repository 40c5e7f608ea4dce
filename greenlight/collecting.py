"""Finish a job: follow its task, store its video, and close it in the books."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from decimal import Decimal
from pathlib import Path

from greenlight.errors import StorageError
from greenlight.filming import Filmer
from greenlight.ledger import Job, JobState
from greenlight.modelstudio import catalog
from greenlight.modelstudio.tasks import VideoTask
from greenlight.videos import StoredVideo, store


async def collect(filmer: Filmer, job: Job, out: Path, *, wait_seconds: float) -> Job:
    """Return the job as it stands after at most so many seconds; its video is stored when it is done.

    `out` is a folder, or the file itself when it ends with `.mp4`. A job that was finished before is not
    fetched again; its video is copied when it lies elsewhere. Raises `StorageError` when the video cannot
    be stored: the job stays open, and the next call tries again.
    """
    if job.state is JobState.SUCCEEDED and job.kind == "video":
        return await asyncio.to_thread(_bring_along, job, video_path(job, out))
    if job.state is not JobState.SUBMITTED:
        return job
    task = await filmer.follow(job, wait_seconds=wait_seconds)
    if task is None or not task.is_succeeded:
        return await asyncio.to_thread(filmer.ledger.jobs.find, job.key) or job
    if job.kind == "template":
        return await _close_template(filmer, job, task)
    if not task.video_url:
        raise StorageError(f"task {job.task_id} has ended without a video", spent=True)
    stored = await store(task.video_url, video_path(job, out))
    return await _close_video(filmer, job, task, stored)


async def _close_template(filmer: Filmer, job: Job, task: VideoTask) -> Job:
    template = catalog.family(job.family).template
    seconds = task.seconds or 0.0
    per_second_cny = template.prices_cny[""] if template else Decimal(0)
    return await asyncio.to_thread(
        filmer.ledger.jobs.close,
        job.id,
        JobState.SUCCEEDED,
        template_id=task.template_id,
        seconds=seconds,
        cost_cny=cost_cny(seconds, per_second_cny),
    )


async def _close_video(filmer: Filmer, job: Job, task: VideoTask, stored: StoredVideo) -> Job:
    seconds = task.seconds if task.seconds is not None else stored.seconds
    return await asyncio.to_thread(
        filmer.ledger.jobs.close,
        job.id,
        JobState.SUCCEEDED,
        place=stored.place,
        sha256=stored.sha256,
        seconds=seconds,
        cost_cny=cost_cny(seconds, Decimal(job.brief["price_per_second_cny"])),
    )


def cost_cny(seconds: float, per_second_cny: Decimal) -> Decimal:
    """Return the price of so many billed seconds, which the vendor reports with two decimals."""
    return Decimal(str(round(seconds, 3))) * per_second_cny


def video_path(job: Job, out: Path) -> Path:
    """Return where a job's video is stored: a readable name that no other job shares."""
    if out.suffix.lower() == ".mp4":
        return out
    stem = Path(str(job.brief["portrait"]).rsplit("/", 1)[-1]).stem
    readable = re.sub(r"[^\w.-]+", "_", stem) or "portrait"
    take = f"-take{job.brief['take']}" if job.brief["take"] > 1 else ""
    digest = hashlib.sha256(job.key.encode()).hexdigest()[:8]
    return out / f"{readable}-{job.family}{take}-{digest}.mp4"


def _bring_along(job: Job, wanted: Path) -> Job:
    """Copy a video that was stored before to where it is wanted now; the books keep the first place."""
    stored = Path(job.place or "")
    if not stored.is_file():
        raise StorageError(
            f"the video of this brief was stored as {stored} and is no longer there; "
            "--take with a higher number makes and pays a new one"
        )
    if wanted != stored and not wanted.exists():
        try:
            wanted.parent.mkdir(parents=True, exist_ok=True)
            part = wanted.with_name(f".{wanted.name}.part")
            shutil.copyfile(stored, part)
            part.replace(wanted)
        except OSError as error:
            raise StorageError(
                f"the video cannot be copied to {wanted} ({error.strerror}); it lies at {stored}"
            ) from None
    return job
