"""Decide what comes next for a bundle, from what is known of it and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from greenlight.briefs import Brief, is_template_id
from greenlight.bundles.briefing import Briefing
from greenlight.bundles.bundle import Kind, name_of
from greenlight.bundles.sight import Sight
from greenlight.errors import Unusable
from greenlight.ledger import Job
from greenlight.modelstudio.family import Family, Verdict
from greenlight.portraits.media import Sound
from greenlight.reports import (
    FilmReport,
    report_error,
    report_job,
    report_rejection,
    report_waiting,
    report_waiting_for_json,
)


@dataclass(frozen=True, slots=True)
class Settled:
    """There is nothing to do (now): how it stands."""

    report: FilmReport


@dataclass(frozen=True, slots=True)
class Read:
    """These must be read first: place, kind, and what a listing sees them as (their place without one)."""

    media: tuple[tuple[str, Kind, str], ...]


@dataclass(frozen=True, slots=True)
class Check:
    """The portrait is to be checked with this family's detector."""

    family: Family


@dataclass(frozen=True, slots=True)
class Film:
    """The portrait has passed and has what moves it: its video is to be made."""

    brief: Brief
    family: Family
    verdicts: list[Verdict]
    drive: Sound | str


Step = Settled | Read | Check | Film


def next_step(sight: Sight) -> Step:
    """Return the one step that comes next; doing it makes more known."""
    unread = _unread(sight)
    if unread:
        return Read(unread)
    if sight.problem:
        return Settled(report_error(sight.problem))
    assert sight.briefing is not None  # noqa: S101 - all that it is made of was read
    verdicts: list[Verdict] = []
    for family in sight.briefing.brief.families():
        verdict = sight.verdict(family)
        if verdict is None:
            return Check(family)
        verdicts.append(verdict)
        if verdict.passed:
            return _next_step_of_passed(sight, sight.briefing, family, verdicts)
    return Settled(report_rejection(verdicts))


def _unread(sight: Sight) -> tuple[tuple[str, Kind, str], ...]:
    """Return the portrait and the json, as far as they were not read."""
    if sight.problem:
        return ()
    parts = {
        Kind.PORTRAIT: sight.bundle.portraits[0],
        Kind.DETAILS: sight.bundle.first(Kind.DETAILS),
    }
    return tuple(
        (part.place, kind, part.seen)
        for kind, part in parts.items()
        if part is not None and sight.known_of(part) is None
    )


def _next_step_of_passed(
    sight: Sight, briefing: Briefing, family: Family, verdicts: list[Verdict]
) -> Step:
    if briefing.needs_json:
        return Settled(report_waiting_for_json(f"{name_of(sight.bundle.stem)}.json", verdicts))
    place = briefing.brief.drive(family)
    if place is None:
        return Settled(report_waiting(family, verdicts))
    if not (family.template and is_template_id(place)):
        known = sight.known_drive(family)
        if known is None:
            part = sight.drive_part(family)
            kind = Kind.MOTION if family.template else Kind.SOUND
            return Read(((place, kind, part.seen if part else place),))
        if known.problem:
            return Settled(report_error(Unusable(f"{place}{known.problem}"), verdicts))
    drive = sight.drive(family)
    job = sight.job_of(f"template-{drive}" if isinstance(drive, str) else drive.identity)
    if job is None:
        return Film(briefing.brief, family, verdicts, drive)
    note = _says_otherwise(sight, briefing.brief, family, verdicts[-1], job)
    return Settled(report_job(job, verdicts, cached=True, note=note))


def _says_otherwise(sight: Sight, brief: Brief, family: Family, verdict: Verdict, job: Job) -> str:
    """Return what to tell when the brief asks for another video than the one that was ordered."""
    parameters, _ = family.adapt_parameters(brief.resolve_parameters(family), verdict)
    ratio = family.resolve_ratio(brief.ratio if family.ratios else None)
    asked = (family.name, parameters.model_dump(mode="json"), ratio)
    if asked == (job.family, job.brief.get("parameters"), job.brief.get("ratio")):
        return ""
    take = int(job.brief.get("take", 1)) + 1
    written = sight.bundle.first(Kind.DETAILS)
    where = f'"take": {take} in {name_of(written.place)}' if written else f"a take of {take}"
    return (
        "the brief asks for another video since this one was ordered, and no second one is made by "
        f"itself; {where}, or `greenlight film` with --take {take}, makes and pays it"
    )
