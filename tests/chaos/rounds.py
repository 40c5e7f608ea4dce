"""One round of chaos: a brief, a disaster, and everything that comes after until it is quiet."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from greenlight.filming.collector import Collector
from greenlight.filming.filmer import Filmer
from greenlight.filming.reconciling import Reconciler
from greenlight.ledger import Job, JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.studio.server import StudioServer, StudioSettings

ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "samples" / "grace_hopper.jpg"
LEASE_SECONDS = 1.5
SETTLE_SECONDS = 1.0
RUNS_AGAIN = 12
"""More often than any disaster here makes necessary."""
MODELS = ("emo", "liveportrait", "wan-s2v")

DEATHS: dict[str, tuple[str, str]] = {
    "between begin and check": ("greenlight.ledger.checks:PaidChecks.begin", "after"),
    "between check and verdict": ("greenlight.ledger.checks:PaidChecks.answered", "before"),
    "between reserve and request": (
        "greenlight.ledger.reservations:Reservations.reserve",
        "after",
    ),
    "between sent_at and request": (
        "greenlight.ledger.reservations:Reservations.mark_sent",
        "after",
    ),
    "between answer and store": (
        "greenlight.ledger.reservations:Reservations.store_task",
        "before",
    ),
    "between store and poll": (
        "greenlight.ledger.reservations:Reservations.store_task",
        "after",
    ),
    "between poll and download": ("greenlight.filming.collecting:store", "before"),
    "between download and store": ("greenlight.videos.storing:_playing_seconds", "before"),
    "between store and close": ("greenlight.ledger.jobs:Jobs.close", "before"),
}
"""Where a process kills itself, by what it has and has not done."""

FAULTS: dict[str, dict[str, Any]] = {
    "the answer to the check is dropped": {"fault": "drop", "on": "check", "when": "after"},
    "the create is dropped before it is accepted": {
        "fault": "drop",
        "on": "create",
        "when": "before",
    },
    "the answer to the create is dropped": {"fault": "drop", "on": "create", "when": "after"},
    "the answer to the create is too slow": {
        "fault": "slow",
        "on": "create",
        "when": "after",
        "seconds": 4,
    },
    "the create answers 500 and was accepted": {
        "fault": "error",
        "on": "create",
        "when": "after",
        "status": 500,
    },
    "the create answers 500 and was not": {
        "fault": "error",
        "on": "create",
        "when": "before",
        "status": 500,
    },
    "the create answers 429": {"fault": "throttle", "on": "create", "retry_after": "0"},
    "the create's answer is cut off": {"fault": "cut_json", "on": "create"},
    "the create answers a page": {"fault": "html", "on": "create"},
    "the job fails": {"fault": "job_fails", "on": "create"},
    "a poll is dropped": {"fault": "drop", "on": "fetch"},
    "a poll answers an unknown status": {"fault": "unknown_status", "on": "fetch"},
    "the video is cut off": {"fault": "truncated_video", "on": "result"},
    "the download is dropped": {"fault": "drop", "on": "result", "when": "after"},
    "the link is dead for a while": {"fault": "dead_link", "on": "result", "times": 2},
}
OTHERS = (
    "killed between request and answer",
    "the task list lags",
    "the studio goes away",
    "the disk is full",
    "the database is locked",
)
DISASTERS = (*DEATHS, *FAULTS, *OTHERS)


@dataclass
class Outcome:
    """What a round came to, by the studio's counters and by the books."""

    disaster: str
    accepted: int = 0
    """Paid generations that the studio took on, but for those that failed."""
    failed: int = 0
    checks: int = 0
    lost: int = 0
    """Answers that were lost and processes that were killed while a check could be under way."""
    job: Job | None = None
    complaints: list[str] = field(default_factory=list)


@dataclass
class World:
    """A studio, books and a folder for videos, shared by many rounds."""

    folder: Path
    ledger_url: str
    studio: StudioServer

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DASHSCOPE_HTTP_BASE_URL": self.studio.base_url,
            "DASHSCOPE_API_KEY": "sk-local",
            "GREENLIGHT_HOME": str(self.folder / "home"),
            "GREENLIGHT_LEDGER_URL": self.ledger_url,
            "GREENLIGHT_POLL_SECONDS": "0.1",
            "GREENLIGHT_LEASE_SECONDS": str(LEASE_SECONDS),
            "PYTHONPATH": str(ROOT),
        }

    def counters(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.studio.url}/_studio/counters").json())

    def fault(self, **fault: Any) -> None:
        httpx.post(f"{self.studio.url}/_studio/faults", json=fault).raise_for_status()


@contextmanager
def world(folder: Path, ledger_url: str | None = None) -> Iterator[World]:
    """Set up a studio and books for many rounds."""
    settings = StudioSettings(
        home=folder / "studio",
        rate_per_second=1000,
        task_requests_per_second=1000,
        job_seconds=0.1,
    )
    with StudioServer(settings) as studio:
        yield World(folder, ledger_url or f"sqlite:///{folder / 'ledger.db'}", studio)


def run_round(here: World, disaster: str, seed: int) -> Outcome:
    """Let a disaster come over a new brief, run again until it is quiet, and compare."""
    chance = random.Random(seed)
    work = here.folder / f"round-{seed}"
    spec = _new_brief(work, chance)
    outcome = Outcome(disaster)
    _strike(here, disaster, spec, outcome)
    for _ in range(RUNS_AGAIN):
        _run(here, spec)
        _collect(here)
        outcome.job = _job_of(here, spec)
        if outcome.job is not None and outcome.job.state is JobState.SUCCEEDED:
            break
        time.sleep(0.2)
    _compare(here, spec, outcome)
    return outcome


def _new_brief(work: Path, chance: random.Random) -> dict[str, Any]:
    """Write a portrait and a sound that no other round has."""
    work.mkdir(parents=True)
    portrait = work / "anna.jpg"
    portrait.write_bytes(PORTRAIT.read_bytes() + chance.randbytes(8))
    sound = work / "anna.mp3"
    shutil.copyfile(ROOT / "samples" / "hello.mp3", sound)
    return {
        "portrait": str(portrait),
        "sound": str(sound),
        "model": chance.choice(MODELS),
        "out": str(work / "videos"),
    }


def _strike(here: World, disaster: str, spec: dict[str, Any], outcome: Outcome) -> None:
    if disaster in DEATHS:
        process = _run(here, spec | {"die": DEATHS[disaster]})
        outcome.lost += 1
        if process.returncode != -signal.SIGKILL:
            outcome.complaints.append(f"it did not die: {process.stdout}{process.stderr}")
    elif disaster in FAULTS:
        here.fault(**FAULTS[disaster])
        outcome.lost += 1
        _run(here, spec)
    else:
        _OTHERS[disaster](here, spec)
        outcome.lost += 1


def _command(spec: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", "tests.chaos.victim", json.dumps(spec)]


def _run(here: World, spec: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(spec),
        cwd=ROOT,
        env=here.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _begin(here: World, spec: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start a process that is not waited for."""
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(
        _command(spec), cwd=ROOT, env=here.environment, stdout=nowhere, stderr=nowhere
    )


def _killed_while_waiting(here: World, spec: dict[str, Any]) -> None:
    """Kill the process when the studio has accepted its create and has not answered."""
    before = sum(here.counters()["creates_accepted"].values())
    here.fault(fault="slow", on="create", when="after", seconds=1.5)
    with _begin(here, spec) as process:
        _wait_for(lambda: sum(here.counters()["creates_accepted"].values()) > before)
        process.kill()


def _list_lags(here: World, spec: dict[str, Any]) -> None:
    here.fault(fault="list_lag", on="create", seconds=SETTLE_SECONDS / 2)
    here.fault(fault="drop", on="create", when="after")
    _run(here, spec)


def _studio_goes_away(here: World, spec: dict[str, Any]) -> None:
    """Stop the studio while a job runs, and start it again at the same address."""
    before = sum(here.counters()["creates_accepted"].values())
    with _begin(here, spec) as process:
        _wait_for(lambda: sum(here.counters()["creates_accepted"].values()) > before)
        here.studio.stop()
        here.studio.start()
        process.wait(60)


def _disk_is_full(here: World, spec: dict[str, Any]) -> None:
    _run(here, spec | {"full_disk": True})


def _database_is_locked(here: World, spec: dict[str, Any]) -> None:
    """Hold the books for a while as another program would, and let them go."""
    if not here.ledger_url.startswith("sqlite"):
        _run(here, spec)
        return
    released = threading.Event()
    path = here.ledger_url.removeprefix("sqlite:///")

    def hold() -> None:
        connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        connection.execute("BEGIN IMMEDIATE")
        released.wait(0.7)
        connection.execute("ROLLBACK")
        connection.close()

    with Ledger(here.ledger_url):
        pass
    holder = threading.Thread(target=hold)
    holder.start()
    _run(here, spec)
    released.set()
    holder.join()


_OTHERS: dict[str, Callable[[World, dict[str, Any]], None]] = dict(
    zip(
        OTHERS,
        (
            _killed_while_waiting,
            _list_lags,
            _studio_goes_away,
            _disk_is_full,
            _database_is_locked,
        ),
        strict=True,
    )
)


def _wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, "it never came"
        time.sleep(0.02)


def _collect(here: World) -> None:
    """Let the scheduled collector and reconciler do their round."""

    async def go() -> None:
        with Ledger(here.ledger_url) as ledger:
            async with ModelStudio(
                "sk-local", base_url=here.studio.base_url, timeout_seconds=5
            ) as studio:
                collector = Collector(
                    filmer=Filmer(
                        studio=studio, ledger=ledger, poll_seconds=0.1, lease_seconds=LEASE_SECONDS
                    ),
                    reconciler=Reconciler(
                        studio=studio,
                        ledger=ledger,
                        lease_seconds=LEASE_SECONDS,
                        settle_seconds=SETTLE_SECONDS,
                        exclusive=True,
                    ),
                    out=here.folder / "collected",
                )
                await collector.collect(wait_seconds=2)

    asyncio.run(go())


def _job_of(here: World, spec: dict[str, Any]) -> Job | None:
    with Ledger(here.ledger_url) as ledger:
        for job in ledger.jobs.newest(limit=1000):
            if job.brief["portrait"] == spec["portrait"]:
                return job
    return None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _compare(here: World, spec: dict[str, Any], outcome: Outcome) -> None:
    """Hold the studio's own record of this brief against the books."""
    counters = here.counters()
    portrait = _sha256(Path(spec["portrait"]))
    checks = [c for c in counters["checks"] if c["sha256"] == portrait and c["paid"]]
    jobs = [j for j in counters["jobs"] if portrait in json.dumps(j)]
    outcome.checks = len(checks)
    outcome.failed = sum(job["status"] in {"FAILED", "CANCELED"} for job in jobs)
    outcome.accepted = len(jobs) - outcome.failed
    job = outcome.job
    expected = [
        (outcome.accepted == 1, f"{outcome.accepted} paid videos"),
        (1 <= outcome.checks <= 1 + outcome.lost, f"{outcome.checks} paid checks"),
        (job is not None and job.state is JobState.SUCCEEDED, f"the job is {job and job.state}"),
    ]
    if job is not None and job.place is not None:
        video = Path(job.place)
        expected += [
            (video.is_file(), "the video is missing"),
            (video.is_file() and _sha256(video) == job.sha256, "the video is another one"),
            (len(list(Path(spec["out"]).glob("*.mp4"))) <= 1, "there are two videos"),
            (not list(here.folder.rglob("*.part")), "half a file was left"),
        ]
    outcome.complaints += [words for holds, words in expected if not holds]
