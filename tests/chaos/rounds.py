"""One round of chaos: a brief, a disaster, and everything that comes after until it is quiet."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from contextlib import ExitStack
from pathlib import Path

import httpx

from greenlight.videos.storing import is_in_s3
from tests.chaos import buckets
from tests.chaos.disasters import ON_POSTGRESQL
from tests.chaos.scene import Outcome, Scene
from tests.chaos.settling import paid_tasks, settle
from tests.chaos.victim import LOST_CHECK
from tests.chaos.world import World


def run_round(here: World, disaster: str, seed: int) -> Outcome:
    """Let a disaster come over a new brief, run again until it is quiet, and compare."""
    outcome = Outcome(disaster)
    with ExitStack() as exits:
        scene = Scene(here, here.folder / f"round-{seed}", random.Random(seed), outcome, exits)
        try:
            ON_POSTGRESQL[disaster](scene)
            settle(scene)
        finally:
            was_wrong = here.set_clocks_right()
        if was_wrong:
            # Nothing is paid again either when the clock is right at last.
            settle(scene)
        _compare(scene)
    return outcome


def _compare(scene: Scene) -> None:
    """Hold the studio's own record of this brief against the books."""
    outcome, job = scene.outcome, scene.job()
    tasks = paid_tasks(scene)
    outcome.job, outcome.accepted = job, len(tasks)
    outcome.checks = _paid_checks(scene)
    outcome.lost = scene.said.count(LOST_CHECK)
    most_checks = 1 + outcome.kills + outcome.lost
    scene.expect(len(tasks) == 1, f"{len(tasks)} paid videos")
    scene.expect(1 <= outcome.checks <= most_checks, f"{outcome.checks} paid checks")
    scene.expect(outcome.is_stored, f"the job is {job and job.state}: {job and job.message}")
    scene.expect(not scene.here.waiting_faults(), "the fault never struck")
    scene.expect(not scene.here.kept_outcomes(), "an outcome was never booked")
    scene.expect(not list(scene.here.folder.rglob("*.part")), "half a file was left")
    if job is not None and job.place is not None:
        _compare_video(scene, job.place, job.sha256, tasks)


def _compare_video(scene: Scene, place: str, sha256: str | None, tasks: list[str]) -> None:
    """Hold the video where it lies against the books, and against what was made of this portrait."""
    content, videos = _read_video(place), _videos_at(scene.spec["out"])
    scene.expect(len(videos) <= 1, f"there are {len(videos)} videos")
    if content is None:
        scene.expect(False, "the video is missing")
        return
    stored = _sha256(content)
    scene.expect(stored == sha256, "the books name another video")
    made = [asyncio.run(_made(scene, task)) for task in tasks]
    scene.expect(stored in made, "the video is another portrait's")


def _read_video(place: str) -> bytes | None:
    if is_in_s3(place):
        return buckets.read_at(place)
    return Path(place).read_bytes() if Path(place).is_file() else None


def _videos_at(out: str) -> list[str]:
    return (
        buckets.videos_at(out) if is_in_s3(out) else [one.name for one in Path(out).glob("*.mp4")]
    )


async def _made(scene: Scene, task_id: str) -> str:
    """Return the sha256 of what the studio made for a task."""
    async with scene.here.services() as services:
        task = await services.client.fetch(task_id)
    return _sha256(httpx.get(task.video_url).raise_for_status().content)


def _paid_checks(scene: Scene) -> int:
    portrait = _sha256(Path(scene.spec["portrait"]).read_bytes())
    checks = scene.here.counters()["checks"]
    return sum(portrait in json.dumps(check["sha256"]) and check["paid"] for check in checks)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
