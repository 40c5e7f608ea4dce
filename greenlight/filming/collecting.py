"""Finish a job: follow its task, store its video, and close it in the books."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from greenlight.errors import DeadLink, StorageError
from greenlight.errors.advice import RaiseTake
from greenlight.filming.clocks import is_past_its_life
from greenlight.filming.filmer import Filmer
from greenlight.filming.listing import fetch_task
from greenlight.filming.prices import cost_cny
from greenlight.filming.provenance import booked_verdict, provenance_of
from greenlight.ledger import Job, JobState
from greenlight.media.files import hash_file
from greenlight.modelstudio import catalog
from greenlight.modelstudio.tasks import VideoTask
from greenlight.paying.holding import LEASE_SECONDS, alone, held
from greenlight.videos.naming import video_path
from greenlight.videos.s3 import store_in_s3
from greenlight.videos.storing import StoredVideo, copy, is_in_s3, store

LOOK_AGAIN_SECONDS = 0.2


async def collect(filmer: Filmer, job: Job, out: Path | str | None, *, wait_seconds: float) -> Job:
    """Return the job as it stands after at most so many seconds; its video is stored when it is done.

    `out` is a folder or `s3://bucket/prefix/`, or the video itself when it ends with `.mp4`; without it the
    video goes where the brief said when it was ordered. A job that was finished before is not fetched again;
    its video is copied when it lies elsewhere. One collector at a time finishes a job. Raises `StorageError`
    when the video cannot be stored: the job stays open, and the next call tries again.
    """
    lease_seconds = min(LEASE_SECONDS, filmer.lease_seconds)
    ends_at = time.monotonic() + wait_seconds
    task: VideoTask | None = None
    while job.state is JobState.SUBMITTED:
        task = task or await filmer.follow(job, wait_seconds=max(0.0, ends_at - time.monotonic()))
        if task is not None and task.is_succeeded:
            async with held(filmer.ledger, f"collect {job.key}", seconds=lease_seconds) as mine:
                job = await _as_it_stands(filmer, job)
                if mine and job.state is JobState.SUBMITTED:
                    return await _finish(filmer, job, task, out)
        else:
            job = await _as_it_stands(filmer, job)
        if time.monotonic() >= ends_at:
            break
        # Another collector has it, and will close it or die.
        await asyncio.sleep(min(filmer.poll_seconds, LOOK_AGAIN_SECONDS))
    if job.state is JobState.SUCCEEDED and job.kind == "video" and out is not None:
        return await _bring_along(filmer, job, video_path(job, out))
    return job


async def _as_it_stands(filmer: Filmer, job: Job) -> Job:
    found = await asyncio.to_thread(filmer.ledger.jobs.find, job.key)
    return found or job


async def _finish(filmer: Filmer, job: Job, task: VideoTask, out: Path | str | None) -> Job:
    """Store what a task has made, and close its job."""
    if job.kind == "template":
        return await _close_template(filmer, job, task)
    destination = video_path(job, out or job.brief["out"])
    try:
        stored = await _store(filmer, job, task, destination)
    except DeadLink as error:
        if not is_past_its_life(task):
            raise
        return await _expire(filmer, job, task, error.happened)
    return await _close_video(filmer, job, task, stored)


async def _store(filmer: Filmer, job: Job, task: VideoTask, destination: Path | str) -> StoredVideo:
    """Store a task's video; when its link is dead, another fetch may give a living one."""
    try:
        return await _store_at(task.video_url, destination, filmer, job, task)
    except DeadLink:
        again = await fetch_task(filmer.client, filmer.ledger, task.task_id)
        if not again.video_url or again.video_url == task.video_url:
            raise
        return await _store_at(again.video_url, destination, filmer, job, task)


async def _store_at(
    url: str, destination: Path | str, filmer: Filmer, job: Job, task: VideoTask
) -> StoredVideo:
    if isinstance(destination, Path):
        return await store(url, destination)
    verdict = await asyncio.to_thread(booked_verdict, filmer.ledger, job)

    def tell(video: StoredVideo) -> dict[str, Any]:
        seconds = _paid_seconds(task, video)
        cost_cny = _video_cost_cny(job, seconds)
        return provenance_of(job, video, seconds=seconds, cost_cny=cost_cny, verdict=verdict)

    return await store_in_s3(
        url, destination, job=job.key, tell=tell, holding=partial(alone, filmer.ledger)
    )


async def _expire(filmer: Filmer, job: Job, task: VideoTask, message: str) -> Job:
    """Close a job whose video was paid and is gone; what it cost stays in the books."""
    facts = {} if task.seconds is None else {"cost_cny": _video_cost_cny(job, task.seconds)}
    return await asyncio.to_thread(
        filmer.ledger.jobs.expire,
        job.id,
        of_task=task.task_id,
        message=message,
        seconds=task.seconds,
        **facts,
    )


async def _close_template(filmer: Filmer, job: Job, task: VideoTask) -> Job:
    template = catalog.family(job.family).template
    seconds = task.seconds or 0.0
    per_second_cny = template.model.prices_cny[""] if template else Decimal(0)
    return await asyncio.to_thread(
        filmer.ledger.jobs.close,
        job.id,
        JobState.SUCCEEDED,
        of_task=task.task_id,
        template_id=task.template_id,
        seconds=seconds,
        cost_cny=cost_cny(seconds, per_second_cny),
    )


async def _close_video(filmer: Filmer, job: Job, task: VideoTask, stored: StoredVideo) -> Job:
    seconds = _paid_seconds(task, stored)
    return await asyncio.to_thread(
        filmer.ledger.jobs.close,
        job.id,
        JobState.SUCCEEDED,
        of_task=task.task_id,
        place=stored.place,
        sha256=stored.sha256,
        seconds=seconds,
        cost_cny=_video_cost_cny(job, seconds),
    )


def _paid_seconds(task: VideoTask, video: StoredVideo) -> float:
    return task.seconds if task.seconds is not None else video.seconds


def _video_cost_cny(job: Job, seconds: float) -> Decimal:
    return cost_cny(seconds, Decimal(job.brief["price_per_second_cny"]))


async def _bring_along(filmer: Filmer, job: Job, wanted: Path | str) -> Job:
    """Copy a video that was stored before to where it is wanted now; the books keep the first place.

    One that lies in S3, or is wanted there now, stays where it is. One that is gone is fetched again, which
    costs nothing, as long as the vendor has it.
    """
    if isinstance(wanted, str) or is_in_s3(job.place or ""):
        return job
    stored = Path(job.place or "")
    try:
        if await asyncio.to_thread(_copy_if_there, job, stored, wanted):
            return replace(job, place=str(wanted))
    except OSError as error:
        raise StorageError(
            f"the video cannot be copied from {stored} to {wanted} ({error.strerror})",
            "name another place",
        ) from None
    return await _fetch_again(filmer, job, stored, wanted)


def _copy_if_there(job: Job, stored: Path, wanted: Path) -> bool:
    """Bring a video from its first place to another; return whether it is there now."""
    if _holds(wanted, job.sha256):
        return True
    if not _holds(stored, job.sha256):
        return False
    copy(stored, wanted)
    return True


async def _fetch_again(filmer: Filmer, job: Job, stored: Path, wanted: Path) -> Job:
    """Store a video anew that is gone from its place, from the task that made it."""
    task = await fetch_task(filmer.client, filmer.ledger, job.task_id) if job.task_id else None
    if task is None or not task.video_url:
        raise StorageError(
            "is gone, and the vendor no longer has the video", RaiseTake(), subject=str(stored)
        )
    video = await store(task.video_url, wanted)
    await asyncio.to_thread(filmer.ledger.jobs.move, job.id, place=video.place, sha256=video.sha256)
    return replace(job, place=video.place, sha256=video.sha256)


def _holds(path: Path, sha256: str | None) -> bool:
    """Whether a file is there and is the video with that sha256, not another one of its name."""
    return path.is_file() and hash_file(path)[0] == f"sha256-{sha256}"
