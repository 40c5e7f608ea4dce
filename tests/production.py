"""A portrait that liveportrait has passed and a sound: all that a video needs but the paying request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from greenlight.briefs.brief import Brief
from greenlight.filming.collecting import collect
from greenlight.filming.filmer import Filmer
from greenlight.filming.orders import Order, order_video
from greenlight.ledger import Job, Ledger
from greenlight.media.portraits import examine
from greenlight.media.recordings import examine_sound
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.families.liveportrait import LivePortraitVerdict


@dataclass(frozen=True)
class Production:
    """An order and what it is sent and followed with."""

    filmer: Filmer
    order: Order

    @property
    def client(self) -> ModelStudio:
        return self.filmer.client

    @property
    def key(self) -> str:
        return self.order.new_job(self.client.service).key

    async def submit(self) -> tuple[Job, bool]:
        return await self.filmer.submit(
            self.order.new_job(self.client.service),
            lambda: self.order.request(self.client, "presigned"),
            starts_per_second=1000,
        )

    async def submitted(self) -> Job:
        job, _ = await self.submit()
        return job

    async def collect(self, job: Job, out: Path, *, wait_seconds: float = 20) -> Job:
        return await collect(self.filmer, job, out, wait_seconds=wait_seconds)

    def booked(self) -> Job:
        """Return the job as the books have it."""
        job = self.filmer.ledger.jobs.find(self.key)
        assert job is not None
        return job


async def produce(
    studio: ModelStudio,
    ledger: Ledger,
    portrait: Path,
    sound: Path,
    *,
    take: int = 1,
    lease_seconds: float = 60,
) -> Production:
    """Return a production; nothing was sent or paid for it."""
    family = catalog.family("liveportrait")
    brief = Brief(portrait=str(portrait), models=("liveportrait",), sound=str(sound), take=take)
    order = order_video(
        brief,
        family,
        await examine(brief.subject),
        LivePortraitVerdict(passed=True),
        await examine_sound(str(sound)),
        out=sound.parent / "videos",
    )
    filmer = Filmer(client=studio, ledger=ledger, poll_seconds=0.02, lease_seconds=lease_seconds)
    return Production(filmer, order)
