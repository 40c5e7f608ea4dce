"""A folder with bundles, the books, and somebody who looks at both."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenlight.briefs.brief import Brief
from greenlight.filming.orders import order_video
from greenlight.ledger import Job, JobState, Ledger, NewCheck
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Verdict
from greenlight.work.bundles import BriefDefaults, Bundle, bundle_of
from greenlight.work.bundles.state import BundleState
from greenlight.work.bundles.steps import Read, Step, next_step
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.drives import examine_drives
from tests.conftest import SAMPLES, make_sound
from tests.ledger.values import answer, begin_check, submit

SERVICE = "127.0.0.1:8479"


@dataclass
class Desk:
    """Bundles in a folder; nothing is asked of any service."""

    folder: Path
    ledger: Ledger

    def lay(self, name: str, content: object = None) -> Path:
        """Lay a file down: a sample by its ending, bytes, or fields of a json."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif path.suffix == ".json":
            path.write_text(json.dumps(content))
        elif path.suffix == ".wav":
            make_sound(path, seconds=float(content) if isinstance(content, int | float) else 1.0)
        else:
            sample = {".png": "astronaut.png", ".mp4": "wave.mp4", ".mp3": "hello.mp3"}
            shutil.copyfile(SAMPLES / sample[path.suffix], path)
        return path

    def surveyor(self, *needs: Any, **defaults: Any) -> Surveyor:
        return Surveyor(
            ledger=self.ledger,
            service=SERVICE,
            defaults=BriefDefaults(**{"models": ("emo",), **defaults}),
            needs=needs or ("sound",),
        )

    def bundle(self, name: str = "anna.png") -> Bundle:
        bundle = bundle_of(str(self.folder / name))
        assert bundle is not None
        return bundle

    async def bundle_state(self, surveyor: Surveyor, name: str = "anna.png") -> BundleState:
        (bundle_state,) = await surveyor.survey([self.bundle(name)])
        return bundle_state

    async def step(
        self, *needs: Any, name: str = "anna.png", films: bool = True, **defaults: Any
    ) -> Step:
        """Return the first step that is more than reading."""
        surveyor = self.surveyor(*needs, **defaults)
        if films:
            await surveyor.prepare()
        bundle_state = await self.bundle_state(surveyor, name)
        while isinstance(step := next_step(bundle_state, films=films), Read):
            await surveyor.read(bundle_state, step)
        return step

    async def book_verdict(
        self, verdict: Verdict, name: str = "anna.png", *, ratio: str | None = None
    ) -> None:
        family = catalog.family(verdict.model)
        portrait = await examine(str(self.folder / name))
        new = NewCheck(
            service=SERVICE,
            model=family.check.model.id,
            family=family.name,
            ratio=family.resolve_ratio(ratio),
            portrait=portrait.identity,
            place=portrait.shown,
            price_cny=family.check.model.prices_cny["image"],
        )
        answer(self.ledger, begin_check(self.ledger, new), verdict, new.price_cny)

    async def book_job(
        self,
        verdict: Verdict,
        name: str = "anna.png",
        *,
        ends: JobState | None = None,
        code: str = "",
        **brief: Any,
    ) -> Job:
        """Book a video as the flow orders it, and how it ended."""
        family = catalog.family(verdict.model)
        told = Brief(portrait=str(self.folder / name), models=(family.name,), **brief)
        drive = (await examine_drives(told)).of(family)
        assert drive is not None
        portrait = await examine(told.subject)
        order = order_video(told, family, portrait, verdict, drive, out=self.folder / "videos")
        new = order.new_job(SERVICE)
        job_id = submit(self.ledger, f"task-{uuid.uuid4()}", new)
        if ends is not None:
            self.ledger.jobs.close(job_id, ends, code=code)
        job = self.ledger.jobs.find(new.key)
        assert job is not None
        return job
