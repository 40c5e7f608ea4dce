"""Run a brief again until it is quiet, and end the doubts that are left to a person as a person would."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from greenlight.errors import InputError
from greenlight.errors.advice import AdoptOrRelease, AdoptTask
from greenlight.filming.reconciling import AmbiguousJob
from greenlight.ledger import JobState
from greenlight.media.files import hash_file
from tests.chaos.scene import Scene
from tests.chaos.world import wait_for

QUIET_AFTER_SECONDS = 60
"""Longer than any disaster here makes necessary, on a machine that has other work too."""
BY_HAND = (AdoptTask, AdoptOrRelease)
NOT_PAID = frozenset({"FAILED", "CANCELED"})


def settle(scene: Scene) -> None:
    """Film and collect until the brief has its video, or for as long as a round may take."""
    ends_at = time.monotonic() + QUIET_AFTER_SECONDS
    was_asked = False
    while time.monotonic() < ends_at:
        scene.run()
        collected = scene.collect()
        job = scene.job()
        if job is not None and job.state is JobState.SUCCEEDED:
            return
        asks = [
            doubt
            for doubt in collected.doubts
            if job is not None and doubt.job.id == job.id and isinstance(doubt.advice, BY_HAND)
        ]
        # A person looks twice: a list that changed while it was read is whole the next time.
        if asks and was_asked:
            _end_by_hand(scene, asks[0])
        was_asked = bool(asks)
        time.sleep(0.1)


def paid_tasks(scene: Scene) -> list[str]:
    """Return the tasks that the studio took on for this portrait, but for those that failed."""
    wait_for(lambda: not scene.here.counters()["jobs_open"])
    portrait = hash_file(Path(scene.spec["portrait"]))[0].removeprefix("sha256-")
    return [
        job["task_id"]
        for job in scene.here.counters()["jobs"]
        if portrait in json.dumps(job) and job["status"] not in NOT_PAID
    ]


def _end_by_hand(scene: Scene, doubt: AmbiguousJob) -> None:
    """Look at what the vendor really did, as a person does in its console, and adopt or release."""
    scene.expect(scene.outcome.may_ask, f"a person was asked without need: {doubt.text()}")
    tasks = paid_tasks(scene)
    scene.expect(len(tasks) <= 1, f"{len(tasks)} videos were paid while in doubt")
    scene.outcome.asked += 1
    if not tasks:
        with scene.here.ledger() as ledger:
            ledger.jobs.release(doubt.job.id, sent_at=doubt.job.sent_at)
        return

    async def adopt() -> None:
        async with scene.here.services() as services:
            await services.reconciler.adopt_by_id(doubt.job, tasks[0], any_time=True)

    try:
        asyncio.run(adopt())
    except InputError as error:
        scene.expect(False, f"a person cannot adopt the job's own task: {error}")
