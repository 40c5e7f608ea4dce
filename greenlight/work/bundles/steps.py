"""Decide what comes next for a bundle, from what is known of it and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from greenlight.briefs.brief import Brief
from greenlight.errors import InputError
from greenlight.ledger import Job
from greenlight.media.kinds import Kind
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family, Verdict
from greenlight.work.bundles.bundle import Medium
from greenlight.work.bundles.filmed import asks_otherwise, candidates, how_to_get_another, ordered
from greenlight.work.bundles.state import BundleState
from greenlight.work.case import judged
from greenlight.work.drives import Drives, require_drives
from greenlight.work.reports import (
    FilmReport,
    report_error,
    report_job,
    report_passed,
    report_rejection,
    report_waiting,
    report_waiting_for_json,
    report_waiting_for_subject,
)


@dataclass(frozen=True, slots=True)
class Settled:
    """There is nothing to do (now): how it stands."""

    report: FilmReport


@dataclass(frozen=True, slots=True)
class Read:
    """These must be read first."""

    media: tuple[Medium, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """The subject is to be checked with this family's detector."""

    family: Family


@dataclass(frozen=True, slots=True)
class Film:
    """The subject has passed and has what moves it: its video is to be made."""

    brief: Brief
    family: Family
    verdicts: list[Verdict]
    drives: Drives

    def key(self, service: str, subject: str) -> str:
        """Return what is the same for the same brief of the same contents, wherever they are.

        `subject` is the identity of who is filmed.
        """
        drive = self.drives.of(self.family)
        identity = drive if drive is None or isinstance(drive, str) else drive.identity
        brief = self.brief.model_dump_json(exclude={"portrait", "clip", "sound", "motion"})
        decided = "\n".join((service, subject, str(identity), brief))
        return f"film-{hashlib.sha256(decided.encode()).hexdigest()}"


Step = Settled | Read | Check | Film


def next_step(bundle_state: BundleState, *, films: bool = True) -> Step:
    """Return the one step that comes next; doing it makes more known.

    Nothing is paid before the sound and the motion are known to be good ones. Without `films` subjects are
    only screened.
    """
    unread = _unread(bundle_state)
    if unread:
        return Read(unread)
    if report := _without_brief(bundle_state):
        return Settled(report)
    family, verdicts = judged(bundle_state.brief.families(), bundle_state.verdict)
    if family is None:
        return Settled(report_rejection(verdicts))
    has_passed = bool(verdicts) and verdicts[-1].passed
    if films and (step := _before_paying(bundle_state, family, verdicts, has_passed=has_passed)):
        return step
    if not has_passed:
        return Check(family)
    return _film(bundle_state, family, verdicts) if films else Settled(report_passed(verdicts))


def _without_brief(bundle_state: BundleState) -> FilmReport | None:
    """Return how a bundle stands that makes no brief (yet)."""
    if bundle_state.missing:
        return report_waiting_for_subject(bundle_state.missing, bundle_state.bundle.name)
    return report_error(bundle_state.problem) if bundle_state.problem else None


def _unread(bundle_state: BundleState) -> tuple[Medium, ...]:
    """Return the subject and the json, as far as they were not read."""
    if bundle_state.problem or bundle_state.missing:
        return ()
    parts = (bundle_state.subject_medium, bundle_state.bundle.first(Kind.DETAILS))
    return tuple(part for part in parts if part is not None and bundle_state.known_of(part) is None)


def _before_paying(
    bundle_state: BundleState, family: Family, verdicts: list[Verdict], *, has_passed: bool
) -> Step | None:
    """Return what must be done, or is known, before anything is paid for a brief."""
    verdict = verdicts[-1] if has_passed else None
    job = ordered(bundle_state, family, verdict)
    if job is not None:
        return Settled(_report_ordered(bundle_state, family, verdicts, verdict, job))
    of_jobs = [catalog.family(one.family) for one in candidates(bundle_state)]
    unread = bundle_state.unread_drives([*bundle_state.brief.families(), *of_jobs])
    if unread:
        return Read(unread)
    try:
        require_drives(bundle_state.drives(), bundle_state.brief.families())
    except InputError as error:
        return Settled(report_error(error, verdicts))
    return None


def _report_ordered(
    bundle_state: BundleState,
    family: Family,
    verdicts: list[Verdict],
    verdict: Verdict | None,
    job: Job,
) -> FilmReport:
    is_other = asks_otherwise(bundle_state, family, verdict, job)
    notes = how_to_get_another(bundle_state, job) if is_other else ()
    return report_job(job, verdicts, cached=True, notes=notes)


def _film(bundle_state: BundleState, family: Family, verdicts: list[Verdict]) -> Step:
    if bundle_state.briefing and bundle_state.briefing.needs_json:
        return Settled(report_waiting_for_json(f"{bundle_state.bundle.name}.json", verdicts))
    drives = bundle_state.drives()
    if drives.of(family) is None:
        return Settled(report_waiting(family, verdicts))
    return Film(_without_idle(bundle_state.brief), family, verdicts, drives)


def _without_idle(brief: Brief) -> Brief:
    """Return a brief without what moves none of its models: it would be read for nothing, and may be bad."""
    used = {family.driven_by.value for family in brief.families()}
    return brief.model_copy(update=dict.fromkeys({"motion", "sound"} - used))
