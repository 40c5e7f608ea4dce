"""Make the cards of those who were checked last, or filmed without a check, out of the books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from greenlight.ledger import Job, Ledger
from greenlight.ledger.history import PastCheck
from greenlight.ledger.job import subject_place
from greenlight.modelstudio import catalog
from greenlight.pages.cards import Card, Film, Line, make_card, make_line
from greenlight.pages.jobs import newest_films
from greenlight.pages.pictures import Pictures
from greenlight.screening.opinions import Opinion, wants_opinion
from greenlight.work.reports import refused_by_its_task

Advance = Callable[[], None]
"""Say that one more portrait has its card."""
Subject = tuple[str, str]
"""A service, and the identity of a portrait or clip that it was asked about."""
Films = dict[tuple[str, str, str | None], Film]
"""What became of videos, by portrait, family and ratio."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """The books, the pictures, and the folder that the page is written to."""

    ledger: Ledger
    pictures: Pictures
    folder: Path

    def newest(self, most: int, *, since: date | None, advance: Advance) -> list[Card]:
        """Return the cards of so many portraits and clips, the one that was asked about last first."""
        unchecked = self._unchecked(most, since)
        checks: dict[Subject, list[PastCheck]] = {
            one: [] for one in self._subjects(most, since, unchecked)
        }
        portraits = {portrait for _, portrait in checks}
        for check in [*self.ledger.history.checks_of(portraits, since=since), *unchecked]:
            if (check.service, check.portrait) in checks:
                checks[check.service, check.portrait].append(check)
        films = self._films(checks)
        shows_service = len(films) > 1
        cards = []
        for (service, _), asked in checks.items():
            cards.append(self._card(asked, films[service], service if shows_service else ""))
            advance()
        return cards

    def _subjects(
        self, most: int, since: date | None, unchecked: Iterable[PastCheck]
    ) -> list[Subject]:
        """Walk back over the checks, page by page, until there are enough subjects."""
        found: dict[Subject, datetime] = {}
        for check in self._walk(since):
            found.setdefault((check.service, check.portrait), check.paid_at)
            if len(found) == most:
                break
        for one in unchecked:
            asked = one.service, one.portrait
            found[asked] = max(one.paid_at, found.get(asked, one.paid_at))
        return sorted(found, key=lambda one: found[one], reverse=True)[:most]

    def _unchecked(self, most: int, since: date | None) -> list[PastCheck]:
        """Return what was filmed by families that have no check, as if one had let it pass for nothing."""
        families = catalog.unchecked()
        if not families:
            return []
        jobs = self.ledger.history.filmed_by(families, since=since, limit=most)
        newest: dict[tuple[str, str, str], Job] = {}
        for job in jobs:
            newest.setdefault((job.service, job.portrait, job.family), job)
        return [_without_check(job) for job in newest.values()]

    def _walk(self, since: date | None) -> Iterator[PastCheck]:
        before = None
        while page := self.ledger.history.checks(since=since, before=before):
            yield from page
            before = page[-1].number

    def _films(self, subjects: Iterable[Subject]) -> dict[str, Films]:
        """Return what became of the portraits' videos, by service."""
        portraits: dict[str, list[str]] = defaultdict(list)
        for service, portrait in subjects:
            portraits[service].append(portrait)
        find = self.ledger.jobs.of_portraits
        return {service: newest_films(find(service, some)) for service, some in portraits.items()}

    def _card(self, asked: Sequence[PastCheck], films: Films, service: str) -> Card:
        """Return the card of one portrait or clip; its checks come the newest first."""
        newest = asked[0]
        ordered = sorted(asked, key=_label)
        return make_card(
            name=newest.place.rstrip("/").rsplit("/", 1)[-1],
            place=newest.place,
            jpeg=self.pictures.thumbnail(newest.portrait, newest.place),
            verdicts=[check.verdict for check in asked],
            lines=[self._line(check, films) for check in ordered],
            service=service,
        )

    def _line(self, check: PastCheck, films: Films) -> Line:
        verdict = check.verdict
        opinion = None
        if wants_opinion(verdict):
            opinion = self.pictures.opinion(check.portrait, check.place, verdict.model)
        return make_line(
            _label(check),
            verdict,
            folder=self.folder,
            opinion=opinion or Opinion(),
            film=films.get((check.portrait, verdict.model, getattr(verdict, "ratio", None))),
        )


def _without_check(job: Job) -> PastCheck:
    return PastCheck(
        number=0,
        service=job.service,
        model=job.model,
        portrait=job.portrait,
        place=subject_place(job),
        verdict=refused_by_its_task(job) or catalog.family(job.family).unchecked(),
        cost_cny=Decimal(0),
        paid_at=job.reserved_at,
    )


def _label(check: PastCheck) -> str:
    """Return what tells the checks of one portrait apart: the model, its ratio, its deployment."""
    family = catalog.family(check.verdict.model)
    parts = [family.name]
    ratio = getattr(check.verdict, "ratio", None)
    if ratio is not None and ratio != family.resolve_ratio(None):
        parts.append(ratio)
    if family.check is not None and check.model != family.check.model.id:
        parts.append(f"as {check.model}")
    return " ".join(parts)
