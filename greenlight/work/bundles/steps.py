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
from greenlight.work.bundles.sight import Sight
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


def next_step(sight: Sight, *, films: bool = True) -> Step:
    """Return the one step that comes next; doing it makes more known.

    Nothing is paid before the sound and the motion are known to be good ones. Without `films` subjects are
    only screened.
    """
    unread = _unread(sight)
    if unread:
        return Read(unread)
    if report := _without_brief(sight):
        return Settled(report)
    family, verdicts = judged(sight.brief.families(), sight.verdict)
    if family is None:
        return Settled(report_rejection(verdicts))
    has_passed = bool(verdicts) and verdicts[-1].passed
    if films and (step := _before_paying(sight, family, verdicts, has_passed=has_passed)):
        return step
    if not has_passed:
        return Check(family)
    return _film(sight, family, verdicts) if films else Settled(report_passed(verdicts))


def _without_brief(sight: Sight) -> FilmReport | None:
    """Return how a bundle stands that makes no brief (yet)."""
    if sight.missing:
        return report_waiting_for_subject(sight.missing, sight.bundle.name)
    return report_error(sight.problem) if sight.problem else None


def _unread(sight: Sight) -> tuple[Medium, ...]:
    """Return the subject and the json, as far as they were not read."""
    if sight.problem or sight.missing:
        return ()
    parts = (sight.subject_medium, sight.bundle.first(Kind.DETAILS))
    return tuple(part for part in parts if part is not None and sight.known_of(part) is None)


def _before_paying(
    sight: Sight, family: Family, verdicts: list[Verdict], *, has_passed: bool
) -> Step | None:
    """Return what must be done, or is known, before anything is paid for a brief."""
    verdict = verdicts[-1] if has_passed else None
    job = ordered(sight, family, verdict)
    if job is not None:
        return Settled(_report_ordered(sight, family, verdicts, verdict, job))
    of_jobs = [catalog.family(one.family) for one in candidates(sight)]
    unread = sight.unread_drives([*sight.brief.families(), *of_jobs])
    if unread:
        return Read(unread)
    try:
        require_drives(sight.drives(), sight.brief.families())
    except InputError as error:
        return Settled(report_error(error, verdicts))
    return None


def _report_ordered(
    sight: Sight, family: Family, verdicts: list[Verdict], verdict: Verdict | None, job: Job
) -> FilmReport:
    is_other = asks_otherwise(sight, family, verdict, job)
    notes = how_to_get_another(sight, job) if is_other else ()
    return report_job(job, verdicts, cached=True, notes=notes)


def _film(sight: Sight, family: Family, verdicts: list[Verdict]) -> Step:
    if sight.briefing and sight.briefing.needs_json:
        return Settled(report_waiting_for_json(f"{sight.bundle.name}.json", verdicts))
    drives = sight.drives()
    if drives.of(family) is None:
        return Settled(report_waiting(family, verdicts))
    return Film(_without_idle(sight.brief), family, verdicts, drives)


def _without_idle(brief: Brief) -> Brief:
    """Return a brief without what moves none of its models: it would be read for nothing, and may be bad."""
    used = {family.driven_by.value for family in brief.families()}
    return brief.model_copy(update=dict.fromkeys({"motion", "sound"} - used))
