"""Say of the jobs in the books what became of them, and what a person can do about the open ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from greenlight.errors import Part, Say, sentence
from greenlight.errors.advice import AdoptOrRelease, CloseJob, FetchVideo, Reconcile
from greenlight.ledger import Job, JobState
from greenlight.ledger.budgets import day_of
from greenlight.modelstudio.catalog import TASK_LIFETIME
from greenlight.pages.cards import TONES, Film, link_to, shortened

SOON: Final = timedelta(hours=4)
"""A video that is lost so soon is urgent."""
STATES: Final = {
    JobState.SUCCEEDED: "filmed",
    JobState.RESERVED: "being filmed",
    JobState.SUBMITTED: "being filmed",
    JobState.AMBIGUOUS: "in doubt",
    JobState.FAILED: "failed",
    JobState.CANCELED: "failed",
    JobState.EXPIRED: "lost",
}


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job that has not ended."""

    name: str
    """What commands know it by."""
    subject: str
    model: str
    state: str
    age: str
    advice: str
    """What to do, in a sentence."""
    urgent: bool


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A video or a template, and where it lies or why there is none."""

    subject: str
    model: str
    state: str
    day: date
    """One of UTC+8, that of the reservation."""
    seconds: float | None
    cost_cny: Decimal
    link: str
    """The file's address from the page, where it lies on this machine."""
    words: str
    """Where it lies, or why there is nothing."""

    @property
    def tone(self) -> str:
        """Return the class that colours it."""
        return TONES.get(self.state, "good")


def describe_open(job: Job, *, at: datetime, doubtful: bool, say: Say = str) -> OpenJob:
    """Return a job under way or in doubt as it stands at a time, with advice in the page's words."""
    began = job.submitted_at or job.sent_at or job.reserved_at
    urgent, advice = _advise(job, at, doubtful=doubtful)
    return OpenJob(
        name=job.short_name,
        subject=job.subject,
        model=job.model,
        state="in doubt" if doubtful else job.state.value,
        age=in_words(at - began),
        advice=f"{sentence(advice, say)}.",
        urgent=urgent,
    )


def _advise(job: Job, at: datetime, *, doubtful: bool) -> tuple[bool, tuple[Part, ...]]:
    began = job.submitted_at or job.sent_at or job.reserved_at
    left = began + TASK_LIFETIME - at
    if doubtful and left < timedelta(0):
        return True, ("only a person can settle this", AdoptOrRelease(job.short_name))
    if doubtful:
        return True, (Reconcile(),)
    if job.state is JobState.RESERVED:
        return False, ("nothing to do, a process is sending it",)
    if left < timedelta(0):
        return True, ("the vendor has deleted its video", CloseJob())
    return left < SOON, (f"the vendor deletes its video in {in_words(left)}", FetchVideo())


def describe_ended(job: Job, folder: Path) -> EndedJob:
    """Return a job that has ended, as a page in a folder shows it."""
    film = film_of(job)
    link, place = link_to(film.place, folder)
    return EndedJob(
        subject=job.subject,
        model=job.model,
        state="made" if job.kind == "template" and film.state == "filmed" else film.state,
        day=day_of(job.reserved_at),
        seconds=job.seconds,
        cost_cny=job.reserved_cny if job.cost_cny is None else job.cost_cny,
        link=link,
        words=film.place if link else place or shortened(film.words),
    )


def film_of(job: Job) -> Film:
    """Return what became of a job: where its video lies, or why there is none."""
    words = ": ".join(filter(None, (job.code, job.message)))
    return Film(STATES[job.state], job.place or job.template_id or "", words)


def newest_films(jobs: Iterable[Job]) -> dict[tuple[str, str, str | None], Film]:
    """Return what became of the newest video by portrait, family and ratio; jobs come oldest first."""
    videos = (job for job in jobs if job.kind == "video")
    return {(job.portrait, job.family, job.brief.get("ratio")): film_of(job) for job in videos}


def in_words(time: timedelta) -> str:
    """Return a length of time in one unit: `40 s`, `12 min`, `5 h`, `3 days`."""
    seconds = max(0, int(time.total_seconds()))
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
