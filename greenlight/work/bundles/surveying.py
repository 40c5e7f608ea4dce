"""Look at bundles: at many at once in the books, and at one where the books do not know it yet."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from greenlight.errors import Unusable
from greenlight.ledger import Job, Ledger
from greenlight.ledger.checks import question_key
from greenlight.media.portraits import Portrait
from greenlight.work.bundles.briefing import NEEDS, Briefing, Need, brief_of
from greenlight.work.bundles.bundle import Bundle, Kind
from greenlight.work.bundles.defaults import BriefDefaults, MalformedBrief
from greenlight.work.bundles.reading import read_medium
from greenlight.work.bundles.sight import KnownMedia, Sight
from greenlight.work.bundles.steps import Read
from greenlight.work.drives import require_drives


@dataclass(slots=True, kw_only=True)
class Surveyor:
    """The books, the service that is asked, and what holds for every brief."""

    ledger: Ledger
    service: str
    defaults: BriefDefaults = field(default_factory=BriefDefaults)
    needs: Collection[Need] = NEEDS
    _usual: KnownMedia = field(default_factory=dict)
    """The sound and the motion for all, which lie in no listing."""

    async def prepare(self) -> None:
        """Look at what holds for every brief, once and before anything is paid.

        Raises a `SettingsError` or `InputError` when no brief can be made with it.
        """
        brief = self.defaults.check()
        sight = Sight(Bundle("anna"), self._usual, Briefing(brief))
        for medium in sight.unread_drives(brief.families()):
            self._usual[medium.key] = await read_medium(medium, self.ledger.media)
        require_drives(sight.drives(), brief.families())

    async def survey(self, bundles: Sequence[Bundle]) -> list[Sight]:
        """Return what the books know of bundles: three queries, however many there are."""
        return await asyncio.to_thread(self._survey, bundles)

    async def read(self, sight: Sight, step: Read) -> None:
        """Read what a step asks for and remember it, so that the sight knows more.

        `InputError` says what cannot be read now; what never can be is remembered with its problem.
        """
        for medium in step.media:
            sight.known[medium.key] = await read_medium(medium, self.ledger.media)
        await self.look_up(sight)

    async def look_up(self, sight: Sight) -> None:
        """Add what the books know by now of a bundle whose parts were read."""
        await asyncio.to_thread(self._complete, [sight])

    def _survey(self, bundles: Sequence[Bundle]) -> list[Sight]:
        keys = (part.key for bundle in bundles for part in bundle.everything)
        known = self.ledger.media.find_many(keys) | self._usual
        sights = [Sight(bundle, known) for bundle in bundles]
        self._complete(sights)
        return sights

    def _complete(self, sights: Sequence[Sight]) -> None:
        """Add what follows from the media that are known: briefs, verdicts, jobs."""
        portraits: dict[int, Portrait] = {}
        for number, sight in enumerate(sights):
            self._add_brief(sight)
            portrait = sight.portrait
            if portrait is not None and sight.briefing is not None:
                portraits[number] = portrait
        self._add_verdicts(sights, portraits)
        self._add_jobs(sights, portraits)

    def _add_brief(self, sight: Sight) -> None:
        picture, written = sight.bundle.portraits[0], sight.bundle.first(Kind.DETAILS)
        sight.problem = sight.problem_with(picture, Unusable)
        if written is not None:
            sight.problem = sight.problem or sight.problem_with(written, MalformedBrief)
            if sight.problem or sight.known_of(written) is None:
                return
        try:
            sight.briefing = brief_of(sight.bundle, sight.details, self.defaults, self.needs)
        except MalformedBrief as error:
            sight.problem = error

    def _add_verdicts(self, sights: Sequence[Sight], portraits: dict[int, Portrait]) -> None:
        asked: dict[str, list[tuple[int, str]]] = {}
        for number, portrait in portraits.items():
            brief = sights[number].brief
            for family in brief.families():
                if family.check is None:
                    continue
                key = question_key(self.service, brief.question(family), portrait.identity)
                asked.setdefault(key, []).append((number, family.name))
        for key, booked in self.ledger.checks.find_many(asked).items():
            for number, family_name in asked[key]:
                sights[number].verdicts[family_name] = booked.verdict

    def _add_jobs(self, sights: Sequence[Sight], portraits: dict[int, Portrait]) -> None:
        jobs: dict[str, list[Job]] = {}
        identities = {portrait.identity for portrait in portraits.values()}
        for job in self.ledger.jobs.of_portraits(self.service, identities):
            jobs.setdefault(job.portrait, []).append(job)
        for number, portrait in portraits.items():
            sights[number].jobs = jobs.get(portrait.identity, [])
