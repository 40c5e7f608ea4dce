"""Show in Prefect's UI what came of portraits and clips: one by one, and a sweep of many."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from prefect import get_client
from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterType,
)

from greenlight.concurrency import all_of
from greenlight.errors import InputError
from greenlight.ledger import Ledger
from greenlight.ledger.budgets import day_of
from greenlight.ledger.database import now
from greenlight.media.place import name_of
from greenlight.media.places import opened
from greenlight.media.subjects import Subject, role_of
from greenlight.modelstudio.family import Role, Verdict
from greenlight.pages.markdown import (
    Shown,
    heading,
    plain,
    portrait_page,
    reason_in_words,
    refusals_page,
)
from greenlight.screening.opinions import Opinion
from greenlight.settings import read_settings
from greenlight.thumbnails.cache import Album
from greenlight.thumbnails.drawing import UnreadablePicture, annotated, data_uri, thumbnail
from greenlight.wording import cny, yuan
from greenlight.work.reports import FilmReport
from tasks.reasons import opinions_on

ARTIFACT_BYTES = 74_900
"""As an address, which is a third longer, at most 100 kB: that is shown well."""
SHEET_BYTES = 7_480
"""As an address at most 10 kB."""
MOST_ON_A_SHEET = 100
MOST_ROWS = 1_000
MOST_NAMES = 3
AT_ONCE = 8
TELL_EVERY_SECONDS = 2.0
SHOWN_COSTS = timedelta(days=30)
_PICTURE = re.compile(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+")


async def show_subject(subject: Subject, report: FilmReport) -> None:
    """Put a page of one portrait or clip into this run: picture, boxes, verdicts, reasons, video, costs.

    Where the picture cannot be read any more the page has none. It has no key: the newer of Prefect's UIs
    leads from a key to the pages of all portraits that share it, and without one to the page itself.
    """
    shown = Shown(
        name=subject.name,
        place=subject.shown,
        picture=await _picture(subject, report.verdict),
        opinions=await opinions_on(subject, report.verdicts),
        role=role_of(subject),
    )
    await acreate_markdown_artifact(
        markdown=portrait_page(shown, report), description=heading(subject.name, report)
    )


async def show_end(
    run: UUID, place: str, report: FilmReport, *, role: Role = Role.PORTRAIT
) -> None:
    """Put a page of how it ended in place of the one that a run that is over has; the picture stays."""
    of_run = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[run]), type=ArtifactFilterType(any_=["markdown"])
    )
    async with get_client() as client:
        old = await client.read_artifacts(artifact_filter=of_run)
        pictures = [_PICTURE.search(str(page.data)) for page in old]
        picture = next((found[0] for found in pictures if found), "")
        page = ArtifactCreate(
            flow_run_id=run,
            type="markdown",
            data=portrait_page(Shown(name_of(place), place, picture, role=role), report),
            description=heading(name_of(place), report),
        )
        await client.create_artifact(page)
        for one in old:
            await client.delete_artifact(one.id)


async def _picture(subject: Subject, verdict: Verdict | None) -> str:
    """Return the portrait with its boxes, or a frame of the clip, as an address that holds it.

    It is "" where nothing can be read.

    Since it is at hand, a thumbnail is kept for the report.
    """
    try:
        async with opened(subject.place) as place:
            if place.identity != subject.identity:
                return ""
            path = await place.local_path()
            await asyncio.to_thread(_keep_thumbnail, path, subject.identity)
            return data_uri(await asyncio.to_thread(_draw, path, verdict))
    except (InputError, UnreadablePicture, OSError):
        return ""


def _keep_thumbnail(path: Path, identity: str) -> None:
    kept = Album.in_home(read_settings().home).thumbnails
    if kept.find(identity) is None:
        kept.keep(identity, thumbnail(path))


def _draw(path: Path, verdict: Verdict | None) -> bytes:
    if verdict is None:
        return thumbnail(path, ARTIFACT_BYTES)
    return annotated(path, verdict, ARTIFACT_BYTES)


@dataclass(frozen=True, slots=True)
class Judged:
    """A portrait or clip, a verdict on it, and what this run paid for it."""

    subject: Subject
    verdict: Verdict
    price_cny: Decimal


@dataclass(slots=True)
class Gallery:
    """The verdicts of a run, of which as many are kept as its pages show."""

    refused: list[Judged] = field(default_factory=list)
    passed: list[Judged] = field(default_factory=list)
    count: int = 0
    refused_count: int = 0
    paid_count: int = 0

    def add(self, subject: Subject, verdict: Verdict, *, price_cny: Decimal = Decimal(0)) -> None:
        """Take a verdict in, with what was paid for it by this run."""
        self.count += 1
        self.refused_count += not verdict.passed
        self.paid_count += price_cny > 0
        kept = self.passed if verdict.passed else self.refused
        if len(kept) < MOST_ROWS:
            kept.append(Judged(subject, verdict, price_cny))

    @property
    def summary(self) -> str:
        """Return in a line how many were refused, and which: `2 of 9 refused: anna.png, bob.jpg`."""
        told = f"{self.refused_count} of {self.count} refused"
        names = [one.subject.name for one in self.refused[:MOST_NAMES]]
        return f"{told}: {some(names, self.refused_count)}" if names else told


def some(names: Sequence[str], count: int | None = None) -> str:
    """Return a few names and how many more there are, of so many: `a, b, c and 7 more`."""
    rest = (len(names) if count is None else count) - MOST_NAMES
    told = ", ".join(names[:MOST_NAMES])
    return f"{told} and {rest} more" if rest > 0 else told


async def show_many(title: str, summary: str, gallery: Gallery, *, model: str) -> None:
    """Put a table of verdicts and a contact sheet of the refused into this run.

    The sheet has the first hundred refused and the table the first thousand portraits, so that a page of
    ten thousand is as light as one of a hundred.
    """
    shown = await all_of(gallery.refused[:MOST_ON_A_SHEET], _small, at_once=AT_ONCE)
    opinions = {
        (one.place, judged): opinion for one, _ in shown for judged, opinion in one.opinions.items()
    }
    rows = [_row(one, opinions) for one in (gallery.refused + gallery.passed)[:MOST_ROWS]]
    told = plain(gallery.summary)
    if gallery.count > MOST_ROWS:
        told = f"{told}; {len(rows)} are shown"
    await acreate_table_artifact(key=f"verdicts-{model}", table=rows, description=told)
    await acreate_markdown_artifact(
        key=f"refused-{model}", markdown=refusals_page(title, summary, shown), description=told
    )


async def _small(refused: Judged) -> tuple[Shown, Verdict]:
    """Return who was refused for the sheet: its thumbnail from the album, else made and kept there."""
    subject, verdict = refused.subject, refused.verdict
    album = Album.in_home(read_settings().home)
    opinions = await opinions_on(subject, [verdict])
    kept = album.thumbnails.find(subject.identity)
    if kept is None:
        kept = await _make_thumbnail(subject, album)
    small = await asyncio.to_thread(thumbnail, kept, SHEET_BYTES) if kept else None
    picture = data_uri(small) if small else ""
    return Shown(subject.name, subject.shown, picture, opinions), verdict


async def _make_thumbnail(subject: Subject, album: Album) -> bytes | None:
    try:
        async with opened(subject.place) as place:
            if place.identity != subject.identity:
                return None
            made = await asyncio.to_thread(thumbnail, await place.local_path())
    except (InputError, UnreadablePicture, OSError):
        return None
    album.thumbnails.keep(subject.identity, made)
    return made


def _row(judged: Judged, opinions: Mapping[tuple[str, str], Opinion]) -> dict[str, str]:
    subject, verdict = judged.subject, judged.verdict
    opinion = opinions.get((subject.shown, verdict.model))
    return {
        "portrait": subject.name,
        "model": verdict.model,
        "verdict": "passed" if verdict.passed else "refused",
        "price (CNY)": yuan(judged.price_cny),
        # Long words come last: the table does not wrap them, and is scrolled sideways.
        "reason": "" if verdict.passed else reason_in_words(verdict, opinion),
        "place": subject.shown,
    }


async def show_costs(ledger: Ledger, service: str) -> None:
    """Put a table of what the last month cost into this run; its key shows the history."""
    since = day_of(now() - SHOWN_COSTS)
    costs = await asyncio.to_thread(ledger.costs.by_outcome, service=service, since=since)
    sum_cny = sum((one.cost_cny for one in costs), Decimal(0))
    rows = [_cost_row("all", "", "", sum(one.count for one in costs), sum_cny)]
    rows += [
        _cost_row(one.day.isoformat(), one.model, one.outcome, one.count, one.cost_cny)
        for one in reversed(costs)
    ]
    told = f"{cny(sum_cny)} since {since.isoformat()}, by day of UTC+8, model and outcome"
    await acreate_table_artifact(key="costs", table=rows, description=told)


def _cost_row(day: str, model: str, outcome: str, count: int, cost_cny: Decimal) -> dict[str, str]:
    return {
        "day": day,
        "CNY": yuan(cost_cny),
        "count": str(count),
        "outcome": outcome,
        "model": model,
    }


class Progress:
    """How far a run has come, on its timeline; it is told at most every other second."""

    def __init__(self, what: str, *, model: str) -> None:
        self._what = what
        self._model = model
        self._artifact: UUID | None = None
        self._told_at = 0.0

    async def tell(self, done: int, total: int | None) -> None:
        """Say that so many of so many are done; nothing while the total is not known yet."""
        at = time.monotonic()
        if not total or at - self._told_at < TELL_EVERY_SECONDS:
            return
        self._told_at = at
        await self._tell(min(100.0, 100.0 * done / total))

    async def end(self) -> None:
        """Say that all is done, if anything was told at all."""
        if self._artifact is not None:
            await self._tell(100.0)

    async def _tell(self, percent: float) -> None:
        if self._artifact is None:
            self._artifact = await acreate_progress_artifact(
                percent, key=f"progress-{self._model}", description=self._what
            )
        else:
            await aupdate_progress_artifact(self._artifact, percent)
