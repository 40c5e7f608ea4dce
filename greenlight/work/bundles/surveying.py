"""Look at bundles: at many at once in the books, and at one where the books do not know it yet."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from greenlight.errors import InputError, Unusable
from greenlight.ledger import Job, Ledger
from greenlight.ledger.checks import question_key
from greenlight.media.kinds import Kind
from greenlight.media.subjects import Subject
from greenlight.work.bundles.briefing import NEEDS, Briefing, Need, brief_of
from greenlight.work.bundles.bundle import Bundle
from greenlight.work.bundles.casting import MissingSubject, may_have_subject, subjects_of
from greenlight.work.bundles.defaults import BriefDefaults, MalformedBrief
from greenlight.work.bundles.reading import read_medium
from greenlight.work.bundles.sight import KnownMedia, Sight
from greenlight.work.bundles.steps import Read
from greenlight.work.case import Case
from greenlight.work.drives import Drives, require_drives
from greenlight.work.planning import Plan, Planner


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
        for brief in self.defaults.check():
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

    async def plan(self, sight: Sight, drives: Drives) -> Plan:
        """Return what the brief of an examined subject would pay with these drives."""
        subject = sight.subject
        assert subject is not None  # noqa: S101 - it has a step
        case = Case(sight.brief, subject, drives)
        return await Planner(case=case, service=self.service, ledger=self.ledger).plan()

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
        subjects: dict[int, Subject] = {}
        for number, sight in enumerate(sights):
            self._add_brief(sight)
            subject = sight.subject
            if subject is not None and sight.briefing is not None:
                subjects[number] = subject
        self._add_verdicts(sights, subjects)
        self._add_jobs(sights, subjects)

    def _add_brief(self, sight: Sight) -> None:
        """Make the brief once its json was read, and say what is wrong with that or with its subject."""
        sight.missing, sight.problem = None, None
        written = sight.bundle.first(Kind.DETAILS)
        if not may_have_subject(sight.bundle, self.defaults.models):
            sight.missing = subjects_of(self.defaults.models)[0]
        if sight.missing or (written is not None and sight.known_of(written) is None):
            return
        if written is not None:
            sight.problem = sight.problem_with(written, MalformedBrief)
        sight.problem = sight.problem or self._problem_of_brief(sight)
        subject = sight.subject_medium
        broken = sight.problem_with(subject, Unusable) if subject else None
        sight.problem = broken or sight.problem

    def _problem_of_brief(self, sight: Sight) -> InputError | None:
        try:
            sight.briefing = brief_of(sight.bundle, sight.details, self.defaults, self.needs)
        except MissingSubject as error:
            sight.missing = error.role
        except MalformedBrief as error:
            return error
        return None

    def _add_verdicts(self, sights: Sequence[Sight], subjects: dict[int, Subject]) -> None:
        asked: dict[str, list[tuple[int, str]]] = {}
        for number, subject in subjects.items():
            brief = sights[number].brief
            for family in brief.families():
                if family.check is None:
                    continue
                key = question_key(self.service, brief.question(family), subject.identity)
                asked.setdefault(key, []).append((number, family.name))
        for key, booked in self.ledger.checks.find_many(asked).items():
            for number, family_name in asked[key]:
                sights[number].verdicts[family_name] = booked.verdict

    def _add_jobs(self, sights: Sequence[Sight], subjects: dict[int, Subject]) -> None:
        jobs: dict[str, list[Job]] = {}
        identities = {subject.identity for subject in subjects.values()}
        for job in self.ledger.jobs.of_portraits(self.service, identities):
            jobs.setdefault(job.portrait, []).append(job)
        for number, subject in subjects.items():
            sights[number].jobs = jobs.get(subject.identity, [])
