"""One brief, the processes that film it, and what is noted of them while a disaster comes."""

from __future__ import annotations

import asyncio
import random
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from greenlight.filming.collector import Collector, Round
from greenlight.ledger import Job, JobState
from greenlight.videos.storing import is_in_s3
from tests.chaos.nursery import ROOT, Child
from tests.chaos.world import World, wait_for

PORTRAIT = ROOT / "samples" / "grace_hopper.jpg"
MODELS = ("emo", "liveportrait", "wan-s2v")
SOUND_SECONDS = 1.5
TINT = 0.15
"""So much of a colour makes another video of a portrait, and hides nothing of the face."""


@dataclass
class Outcome:
    """What a round came to, by the studio's counters and by the books."""

    disaster: str
    accepted: int = 0
    """Paid generations that the studio took on, but for those that failed."""
    checks: int = 0
    kills: int = 0
    """Processes that ended, or stood still for too long, while a check was under way."""
    lost: int = 0
    """Answers to checks that never came."""
    may_ask: bool = False
    """Whether the product may rightly leave the doubt to a person."""
    asked: int = 0
    """Doubts that a person had to end."""
    job: Job | None = None
    complaints: list[str] = field(default_factory=list)

    @property
    def is_stored(self) -> bool:
        """Whether the brief has its video in the end."""
        return self.job is not None and self.job.state is JobState.SUCCEEDED


@dataclass
class Scene:
    """A brief that no other round has, in a world, and the chances of this round."""

    here: World
    folder: Path
    chance: random.Random
    outcome: Outcome
    exits: ExitStack
    """What is closed when the round is over."""
    spec: dict[str, Any] = field(default_factory=dict)
    surroundings: dict[str, str] = field(default_factory=dict)
    """What the environment of every process holds besides the world's settings."""
    _children: list[Child] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write a portrait whose video looks like no other's, and a sound."""
        self.folder.mkdir(parents=True)
        portrait, sound = self.folder / "anna.png", self.folder / "anna.wav"
        with Image.open(PORTRAIT) as picture:
            colour = Image.new("RGB", picture.size, tuple(self.chance.randbytes(3)))
            Image.blend(picture.convert("RGB"), colour, TINT).save(portrait)
        with wave.open(str(sound), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(round(SOUND_SECONDS * 16_000)))
        self.spec = {
            "portrait": str(portrait),
            "sound": str(sound),
            "model": self.chance.choice(MODELS),
            "out": str(self.folder / "videos"),
        }

    def begin(self, *strikes: dict[str, Any], **particulars: Any) -> Child:
        """Begin a process that films the brief, to which all this happens."""
        child = self.here.nursery.begin(
            {
                "ahead_seconds": self.here.ahead_seconds,
                "environment": self.here.environment | self.surroundings,
                "strikes": strikes,
                "said": str(self.folder / f"said-{len(self._children)}.txt"),
            }
            | particulars
            | self.spec
        )
        self._children.append(child)
        return child

    def run(self, *strikes: dict[str, Any], **particulars: Any) -> int:
        """Run a process to its end, and return its exit code."""
        return self.begin(*strikes, **particulars).wait()

    @property
    def said(self) -> str:
        """Return what all processes have printed."""
        return "".join(child.said for child in self._children)

    def job(self) -> Job | None:
        """Return the brief's job as it stands."""
        with self.here.ledger() as ledger:
            for job in ledger.jobs.newest(limit=1000):
                if job.brief["portrait"] == self.spec["portrait"]:
                    return job
        return None

    def expect(self, holds: object, words: str) -> None:
        """Complain unless something holds."""
        if not holds:
            self.outcome.complaints.append(words)

    def collect(self, *, wait_seconds: float = 1) -> Round:
        """Let the scheduled collector and reconciler do their round."""
        return asyncio.run(self._collect(wait_seconds, other_account=False))

    async def _collect(self, wait_seconds: float, *, other_account: bool) -> Round:
        async with self.here.services(other_account=other_account) as services:
            collector = Collector(
                filmer=services.filmer,
                reconciler=services.reconciler,
                # A bucket is kept to; folders are told to go elsewhere.
                out=None if is_in_s3(self.spec["out"]) else self.here.folder / "collected",
            )
            return await collector.collect(wait_seconds=wait_seconds)

    @contextmanager
    def colleague(self) -> Iterator[Callable[..., None]]:
        """Let somebody with another key of the same service collect and reconcile all the while.

        Yields what waits until they have looked once more, after so many `seconds`.
        """
        ended = threading.Event()
        failed: list[Exception] = []
        looked_at: list[float] = []

        def work() -> None:
            while not ended.is_set():
                began_at = time.monotonic()
                try:
                    asyncio.run(self._collect(0, other_account=True))
                except Exception as error:  # noqa: BLE001 - the thread that waits complains of it
                    failed.append(error)
                looked_at.append(began_at)
                ended.wait(0.2)

        def wait_until_they_looked(*, seconds: float) -> None:
            earliest = time.monotonic() + seconds
            wait_for(lambda: looked_at and looked_at[-1] > earliest)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield wait_until_they_looked
        finally:
            ended.set()
            thread.join()
        self.expect(not failed, f"the colleague failed: {failed[:1]}")
