"""Find the job by which a bundle was filmed already, and tell when its brief asks for another video now."""

from __future__ import annotations

from greenlight.errors import Part
from greenlight.errors.advice import RaiseTakeTo
from greenlight.ledger.job import Job, subject_place
from greenlight.media.kinds import Kind
from greenlight.media.place import name_of, shown_of
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family, Verdict
from greenlight.work.bundles.state import BundleState


def candidates(bundle_state: BundleState) -> list[Job]:
    """Return the jobs that may have filmed the bundle, the newest first.

    What failed and may be tried again does not count, nor a reservation that may have died, nor what was
    filmed before the take that is asked for.
    """
    take = bundle_state.brief.take
    return [
        job
        for job in reversed(bundle_state.jobs)
        if job.is_settled
        and job.brief.get("take", 1) >= take
        and job.family in catalog.families()
        and (
            job.family in bundle_state.brief.models
            or (_is_own(bundle_state, job) and _tells(bundle_state, "models"))
        )
    ]


def ordered(bundle_state: BundleState, family: Family, verdict: Verdict | None) -> Job | None:
    """Return the job by which a bundle was or is filmed, as far as what drives it is known.

    `family` is the one that its brief would be filmed with now, and `verdict` the family's, where one is
    known. A brief without a json asks for no second video, whatever its deployment's parameters became
    meanwhile, but for one by a model that has made none. A json that comes late changes nothing either, in
    the same place; elsewhere it may ask for another video of the same contents.
    """
    for job in candidates(bundle_state):
        is_told = bool(bundle_state.briefing and bundle_state.briefing.told)
        if is_told and not _is_own(bundle_state, job):
            if _is_driven_alike(bundle_state, job) and not asks_otherwise(
                bundle_state, family, verdict, job
            ):
                return job
        elif _is_driven_alike(bundle_state, job) or _tells(bundle_state, _drive_name(job)):
            return job
    return None


def asks_otherwise(
    bundle_state: BundleState, family: Family, verdict: Verdict | None, job: Job
) -> bool:
    """Whether a brief asks for another video now than its job has made."""
    brief = bundle_state.brief
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
        and _tells(bundle_state, _drive_name(job))
        and not _is_driven_alike(bundle_state, job)
        and shown_of(place) != job.brief.get("drive")
    )


def how_to_get_another(bundle_state: BundleState, job: Job) -> tuple[Part, ...]:
    """Return what to tell where another video is asked for than the one that was ordered."""
    take = int(job.brief.get("take", 1)) + 1
    written = bundle_state.bundle.first(Kind.DETAILS)
    in_json = (
        f'"take": {take} in {name_of(written.place)} makes, and pays for, a new one'
        if written
        else ""
    )
    return (
        "the brief has changed since this video was ordered, and no second one is made automatically",
        in_json or RaiseTakeTo(take),
    )


def _is_own(bundle_state: BundleState, job: Job) -> bool:
    """Whether a job filmed what lies in this place, and not the same content in another."""
    return subject_place(job) == bundle_state.place


def _is_driven_alike(bundle_state: BundleState, job: Job) -> bool:
    return bundle_state.drive_identity(catalog.family(job.family)) == job.drive


def _tells(bundle_state: BundleState, field: str) -> bool:
    """Whether the bundle's json says a field."""
    return bundle_state.briefing is not None and field in bundle_state.briefing.told


def _drive_name(job: Job) -> str:
    return catalog.family(job.family).driven_by.value
