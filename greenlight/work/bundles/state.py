"""Say what is known of a bundle: from the books alone, or from what was found out since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from greenlight.briefs.brief import Brief, is_template_id
from greenlight.errors import InputError, Unusable
from greenlight.ledger.job import Job
from greenlight.ledger.media import KnownMedium
from greenlight.media.kinds import Kind
from greenlight.media.place import name_of, shown_of
from greenlight.media.portraits import Portrait
from greenlight.media.recordings import Clip, Motion, Sound
from greenlight.media.subjects import KIND_OF, Subject
from greenlight.modelstudio.family import Family, Role, Verdict
from greenlight.screening.preflight import known_at_once
from greenlight.work.bundles.briefing import Briefing
from greenlight.work.bundles.bundle import Bundle, Medium
from greenlight.work.drives import Drives

KnownMedia = dict[str, KnownMedium]
"""Media by the keys of what they were read as."""


@dataclass(slots=True)
class BundleState:
    """A bundle with all that is known of it; nothing here asks anybody."""

    bundle: Bundle
    known: KnownMedia
    briefing: Briefing | None = None
    """`None` until the json was read, and where there is no good brief."""
    problem: InputError | None = None
    """Why the bundle makes no brief."""
    missing: Role | None = None
    """Who is not there yet: a portrait, or a clip."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """By the family's name; what the header decides is not among them."""
    jobs: list[Job] = field(default_factory=list)
    """All jobs of the subject, the oldest first."""

    @property
    def brief(self) -> Brief:
        """Return the brief; all that it is made of must have been read, and be good."""
        assert self.briefing is not None  # noqa: S101 - the step that reads it comes first
        return self.briefing.brief

    def known_of(self, medium: Medium) -> KnownMedium | None:
        """Return what is known of a medium; `None` until it was read."""
        return self.known.get(medium.key)

    def problem_with(self, medium: Medium, kind: type[InputError]) -> InputError | None:
        """Return why a medium cannot be used, as far as it is known."""
        known = self.known_of(medium)
        if known is None or not known.problem:
            return None
        # Older ledgers keep it as it stood after the name.
        return kind(known.problem.lstrip(" :"), subject=shown_of(medium.place))

    @property
    def subject_medium(self) -> Medium | None:
        """Return who is filmed; before there is a brief the picture, if there is one."""
        if self.briefing is None:
            return self.bundle.first(Kind.PICTURE)
        return self.bundle.medium_at(self.brief.subject, KIND_OF[self.brief.role])

    @property
    def place(self) -> str:
        """Return where people find the bundle: at its subject, else under the name of its files."""
        medium = self.subject_medium
        return medium.place if medium else self.bundle.stem

    @property
    def subject(self) -> Subject | None:
        """Return who is filmed, once examined and found to be usable."""
        medium = self.subject_medium
        known = self.known_of(medium) if medium else None
        if medium is None or known is None or known.problem:
            return None
        kind = Clip if medium.kind is Kind.VIDEO else Portrait
        return kind(**known.facts, **_named(medium.place), identity=known.identity)

    @property
    def details(self) -> dict[str, Any] | None:
        """Return the fields that the json says; `None` where there is none that was read."""
        medium = self.bundle.first(Kind.DETAILS)
        known = self.known_of(medium) if medium else None
        return known.facts if known and not known.problem else None

    def verdict(self, family: Family) -> Verdict | None:
        """Return the verdict on an examined subject: by its header, or a known one."""
        subject = self.subject
        at_once = known_at_once(subject, family) if subject else None
        return at_once or self.verdicts.get(family.name)

    def unread_drives(self, families: Iterable[Family]) -> tuple[Medium, ...]:
        """Return the sound and the motion of these families, as far as they were not read."""
        media = dict.fromkeys(self._drive_medium(family) for family in families)
        return tuple(one for one in media if one is not None and self.known_of(one) is None)

    def drives(self) -> Drives:
        """Return what drives the videos of the brief's families; `Unusable` says what is wrong with one."""
        by_motion = [family for family in self.brief.families() if family.driven_by is Role.MOTION]
        by_sound = [family for family in self.brief.families() if family.driven_by is Role.SOUND]
        sound = self._drive(by_sound[0]) if by_sound else None
        motion = self._drive(by_motion[0]) if by_motion else None
        return Drives(
            sound=sound if isinstance(sound, Sound) else None,
            motion=motion if isinstance(motion, Motion | str) else None,
        )

    def drive_identity(self, family: Family) -> str | None:
        """Return what identifies the sound or the motion of a family's video, once it is known."""
        medium = self._drive_medium(family)
        if medium is None:
            template = self.brief.drive(family)
            return None if template is None else f"template-{template}"
        known = self.known_of(medium)
        return None if known is None or known.problem else known.identity

    def _drive_medium(self, family: Family) -> Medium | None:
        """Return what drives a family's video, where it lies anywhere."""
        place = self.brief.drive(family)
        if place is None or (family.driven_by is Role.MOTION and is_template_id(place)):
            return None
        return self.bundle.medium_at(place, KIND_OF[family.driven_by])

    def _drive(self, family: Family) -> Sound | str | None:
        medium = self._drive_medium(family)
        if medium is None:
            return self.brief.drive(family)
        problem = self.problem_with(medium, Unusable)
        if problem is not None:
            raise problem
        known = self.known[medium.key]
        kind = Motion if medium.kind is Kind.VIDEO else Sound
        return kind(**known.facts, **_named(medium.place), identity=known.identity)


def _named(place: str) -> dict[str, str]:
    """Return the fields that say where a medium lies; the memory of its content has none."""
    shown = shown_of(place)
    return {"place": place, "shown": shown, "name": name_of(shown)}
