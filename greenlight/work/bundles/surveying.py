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
from greenlight.work.bundles.state import BundleState, KnownMedia
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
            bundle_state = BundleState(Bundle("anna"), self._usual, Briefing(brief))
            for medium in bundle_state.unread_drives(brief.families()):
                self._usual[medium.key] = await read_medium(medium, self.ledger.media)
            require_drives(bundle_state.drives(), brief.families())

    async def survey(self, bundles: Sequence[Bundle]) -> list[BundleState]:
        """Return what the books know of bundles: three queries, however many there are."""
        return await asyncio.to_thread(self._survey, bundles)

    async def read(self, bundle_state: BundleState, step: Read) -> None:
        """Read what a step asks for and remember it, so that more is known of the bundle.

        `InputError` says what cannot be read now; what never can be is remembered with its problem.
        """
        for medium in step.media:
            bundle_state.known[medium.key] = await read_medium(medium, self.ledger.media)
        await self.look_up(bundle_state)

    async def plan(self, bundle_state: BundleState, drives: Drives) -> Plan:
        """Return what the brief of an examined subject would pay with these drives."""
        subject = bundle_state.subject
        assert subject is not None  # noqa: S101 - it has a step
        case = Case(bundle_state.brief, subject, drives)
        return await Planner(case=case, service=self.service, ledger=self.ledger).plan()

    async def look_up(self, bundle_state: BundleState) -> None:
        """Add what the books know by now of a bundle whose parts were read."""
        await asyncio.to_thread(self._complete, [bundle_state])

    def _survey(self, bundles: Sequence[Bundle]) -> list[BundleState]:
        keys = (part.key for bundle in bundles for part in bundle.everything)
        known = self.ledger.media.find_many(keys) | self._usual
        bundle_states = [BundleState(bundle, known) for bundle in bundles]
        self._complete(bundle_states)
        return bundle_states

    def _complete(self, bundle_states: Sequence[BundleState]) -> None:
        """Add what follows from the media that are known: briefs, verdicts, jobs."""
        subjects: dict[int, Subject] = {}
        for number, bundle_state in enumerate(bundle_states):
            self._add_brief(bundle_state)
            subject = bundle_state.subject
            if subject is not None and bundle_state.briefing is not None:
                subjects[number] = subject
        self._add_verdicts(bundle_states, subjects)
        self._add_jobs(bundle_states, subjects)

    def _add_brief(self, bundle_state: BundleState) -> None:
        """Make the brief once its json was read, and say what is wrong with that or with its subject."""
        bundle_state.missing, bundle_state.problem = None, None
        written = bundle_state.bundle.first(Kind.DETAILS)
        if not may_have_subject(bundle_state.bundle, self.defaults.models):
            bundle_state.missing = subjects_of(self.defaults.models)[0]
        if bundle_state.missing or (written is not None and bundle_state.known_of(written) is None):
            return
        if written is not None:
            bundle_state.problem = bundle_state.problem_with(written, MalformedBrief)
        bundle_state.problem = bundle_state.problem or self._problem_of_brief(bundle_state)
        subject = bundle_state.subject_medium
        broken = bundle_state.problem_with(subject, Unusable) if subject else None
        bundle_state.problem = broken or bundle_state.problem

    def _problem_of_brief(self, bundle_state: BundleState) -> InputError | None:
        try:
            bundle_state.briefing = brief_of(
                bundle_state.bundle, bundle_state.details, self.defaults, self.needs
            )
        except MissingSubject as error:
            bundle_state.missing = error.role
        except MalformedBrief as error:
            return error
        return None

    def _add_verdicts(
        self, bundle_states: Sequence[BundleState], subjects: dict[int, Subject]
    ) -> None:
        asked: dict[str, list[tuple[int, str]]] = {}
        for number, subject in subjects.items():
            brief = bundle_states[number].brief
            for family in brief.families():
                if family.check is None:
                    continue
                key = question_key(self.service, brief.question(family), subject.identity)
                asked.setdefault(key, []).append((number, family.name))
        for key, booked in self.ledger.checks.find_many(asked).items():
            for number, family_name in asked[key]:
                bundle_states[number].verdicts[family_name] = booked.verdict

    def _add_jobs(self, bundle_states: Sequence[BundleState], subjects: dict[int, Subject]) -> None:
        jobs: dict[str, list[Job]] = {}
        identities = {subject.identity for subject in subjects.values()}
        for job in self.ledger.jobs.of_portraits(self.service, identities):
            jobs.setdefault(job.portrait, []).append(job)
        for number, subject in subjects.items():
            bundle_states[number].jobs = jobs.get(subject.identity, [])
