"""Find the job by which a bundle was filmed already, and tell when its brief asks for another video now."""

from __future__ import annotations

from greenlight.errors import Part
from greenlight.errors.advice import RaiseTakeTo
from greenlight.ledger.job import Job, subject_place
from greenlight.media.kinds import Kind
from greenlight.media.place import name_of, shown_of
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family, Verdict
from greenlight.work.bundles.sight import Sight


def candidates(sight: Sight) -> list[Job]:
    """Return the jobs that may have filmed the bundle, the newest first.

    What failed and may be tried again does not count, nor a reservation that may have died, nor what was
    filmed before the take that is asked for.
    """
    take = sight.brief.take
    return [
        job
        for job in reversed(sight.jobs)
        if job.is_settled
        and job.brief.get("take", 1) >= take
        and job.family in catalog.families()
        and (job.family in sight.brief.models or (_is_own(sight, job) and _tells(sight, "models")))
    ]


def ordered(sight: Sight, family: Family, verdict: Verdict | None) -> Job | None:
    """Return the job by which a bundle was or is filmed, as far as what drives it is known.

    `family` is the one that its brief would be filmed with now, and `verdict` the family's, where one is
    known. A brief without a json asks for no second video, whatever its deployment's parameters became
    meanwhile, but for one by a model that has made none. A json that comes late changes nothing either, in
    the same place; elsewhere it may ask for another video of the same contents.
    """
    for job in candidates(sight):
        is_told = bool(sight.briefing and sight.briefing.told)
        if is_told and not _is_own(sight, job):
            if _is_driven_alike(sight, job) and not asks_otherwise(sight, family, verdict, job):
                return job
        elif _is_driven_alike(sight, job) or _tells(sight, _drive_name(job)):
            return job
    return None


def asks_otherwise(sight: Sight, family: Family, verdict: Verdict | None, job: Job) -> bool:
    """Whether a brief asks for another video now than its job has made."""
    brief = sight.brief
    model = brief.deployments.get(family.video.id, family.video.id)
    ratio = brief.question(family).ratio
    if (family.name, model, ratio) != (job.family, job.model, job.brief.get("ratio")):
        return True
    parameters = brief.resolve_parameters(family)
    if verdict is not None:
        parameters, _ = family.adapt_parameters(parameters, verdict)
    if parameters.model_dump(mode="json") != job.brief.get("parameters"):
        return True
    place = brief.drive(family)
    return (
        place is not None
        and _tells(sight, _drive_name(job))
        and not _is_driven_alike(sight, job)
        and shown_of(place) != job.brief.get("drive")
    )


def how_to_get_another(sight: Sight, job: Job) -> tuple[Part, ...]:
    """Return what to tell where another video is asked for than the one that was ordered."""
    take = int(job.brief.get("take", 1)) + 1
    written = sight.bundle.first(Kind.DETAILS)
    in_json = (
        f'"take": {take} in {name_of(written.place)} makes, and pays for, a new one'
        if written
        else ""
    )
    return (
        "the brief has changed since this video was ordered, and no second one is made automatically",
        in_json or RaiseTakeTo(take),
    )


def _is_own(sight: Sight, job: Job) -> bool:
    """Whether a job filmed what lies in this place, and not the same content in another."""
    return subject_place(job) == sight.place


def _is_driven_alike(sight: Sight, job: Job) -> bool:
    return sight.drive_identity(catalog.family(job.family)) == job.drive


def _tells(sight: Sight, field: str) -> bool:
    """Whether the bundle's json says a field."""
    return sight.briefing is not None and field in sight.briefing.told


def _drive_name(job: Job) -> str:
    return catalog.family(job.family).driven_by.value
