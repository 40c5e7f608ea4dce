"""Say what is known of a bundle: from the books alone, or from what was found out since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from greenlight.briefs import is_template_id
from greenlight.bundles.briefing import Briefing
from greenlight.bundles.bundle import Bundle, Kind, Listed, name_of
from greenlight.errors import InputError
from greenlight.ledger.job import MAX_ATTEMPTS, NOT_PAID, Job, JobState
from greenlight.ledger.media import KnownMedium
from greenlight.modelstudio.family import Family, Verdict
from greenlight.portraits.media import Motion, Sound
from greenlight.portraits.pictures import Portrait
from greenlight.portraits.preflight import preflight

KnownMedia = dict[str, KnownMedium]
"""Media by what they are seen as, or by their place where they lie in no listing."""


@dataclass(slots=True)
class Sight:
    """A bundle with all that is known of it; nothing here asks anybody."""

    bundle: Bundle
    known: KnownMedia
    briefing: Briefing | None = None
    """`None` until the json was read, and where there is no good brief."""
    problem: InputError | None = None
    """Why the bundle makes no brief."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """By the family's name; what the header decides is not among them."""
    jobs: list[Job] = field(default_factory=list)
    """All jobs of the portrait, the oldest first."""

    def known_of(self, listed: Listed) -> KnownMedium | None:
        """Return what is known of a part of the bundle."""
        return self.known.get(listed.seen)

    def problem_with(self, listed: Listed, kind: type[InputError]) -> InputError | None:
        """Return why a part of the bundle cannot be used, as far as it is known."""
        known = self.known_of(listed)
        return kind(f"{listed.place}{known.problem}") if known and known.problem else None

    @property
    def portrait(self) -> Portrait | None:
        """Return the portrait, once it was examined and is one."""
        listed = self.bundle.portraits[0]
        known = self.known_of(listed)
        if known is None or known.problem:
            return None
        return Portrait(**known.facts, **_named(listed.place), identity=known.identity)

    @property
    def details(self) -> dict[str, Any] | None:
        """Return the fields that the json says; `None` where there is none that was read."""
        listed = self.bundle.first(Kind.DETAILS)
        known = self.known_of(listed) if listed else None
        return known.facts if known and not known.problem else None

    def verdict(self, family: Family) -> Verdict | None:
        """Return the verdict on an examined portrait: by its header, or a known one."""
        portrait = self.portrait
        refused = preflight(portrait, family) if portrait else None
        return refused or self.verdicts.get(family.name)

    def drive_part(self, family: Family) -> Listed | None:
        """Return the part of the bundle that drives a family's video, where one does."""
        place = self.briefing.brief.drive(family) if self.briefing else None
        return next((one for one in self.bundle.everything if one.place == place), None)

    def known_drive(self, family: Family) -> KnownMedium | None:
        """Return what is known of what drives a family's video."""
        part = self.drive_part(family)
        if part is not None:
            return self.known_of(part)
        place = self.briefing.brief.drive(family) if self.briefing else None
        return self.known.get(place or "")

    def drive(self, family: Family) -> Sound | str:
        """Return what drives a family's video; it must have been read, and be good."""
        place = self.briefing.brief.drive(family) if self.briefing else None
        known = self.known_drive(family)
        if place is not None and family.template is not None and is_template_id(place):
            return place
        if place is None or known is None or known.problem:
            raise ValueError(f"what drives {self.bundle.name} was not read")
        kind = Motion if "codec" in known.facts else Sound
        return kind(**known.facts, **_named(place), identity=known.identity)

    def job_of(self, drive_identity: str) -> Job | None:
        """Return the job by which the portrait was or is filmed with this sound or motion, if any.

        What failed and may be tried again does not count, nor a reservation that may have died. A brief
        without a json asks only for its own models, so that two deployments may film one portrait; a json
        that comes late must make no second video, so with one every model counts.
        """
        assert self.briefing is not None  # noqa: S101 - without a brief nobody asks
        brief = self.briefing.brief
        any_model = self.details is not None
        for job in reversed(self.jobs):
            is_same = job.drive == drive_identity and job.brief.get("take", 1) >= brief.take
            if is_same and _counts(job) and (any_model or job.family in brief.models):
                return job
        return None


def _named(place: str) -> dict[str, str]:
    """Return the fields that say where a medium lies; the memory of its content has none."""
    return {"place": place, "shown": place, "name": name_of(place)}


def _counts(job: Job) -> bool:
    if job.state in NOT_PAID:
        return job.attempts >= MAX_ATTEMPTS
    return job.state is not JobState.RESERVED
