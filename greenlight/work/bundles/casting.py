"""Say who is filmed in a bundle: the picture or the video, as its models film portraits or clips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from greenlight.media.kinds import Kind
from greenlight.media.place import name_of
from greenlight.media.subjects import KIND_OF
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Role
from greenlight.work.bundles.bundle import Bundle, Medium
from greenlight.work.bundles.defaults import MalformedBrief, filming


class MissingSubject(MalformedBrief):
    """Nobody in the bundle is there to be filmed (yet)."""

    def __init__(self, bundle: Bundle, role: Role) -> None:
        super().__init__(f"there is no {role} called {bundle.name} yet")
        self.role = role


def subjects_of(models: Iterable[str]) -> list[Role]:
    """Return whom models film, portraits or clips, in their order; without models whom any of them does."""
    known = catalog.families()
    families = [known[name] for name in models if name in known] or known.values()
    return list(dict.fromkeys(family.subject for family in families))


def may_have_subject(bundle: Bundle, models: Iterable[str]) -> bool:
    """Whether somebody may be there to be filmed; the json of a bundle may name other models."""
    roles = subjects_of(() if bundle.first(Kind.DETAILS) else models)
    return any(bundle.first(KIND_OF[role]) for role in roles)


def subject_of(bundle: Bundle, models: Sequence[str]) -> tuple[Role, Medium]:
    """Return who is filmed, and as what.

    Raises `MissingSubject` where nobody is there, and `MalformedBrief` where a picture and a video are, and
    the models could film either.
    """
    there = {role: bundle.first(KIND_OF[role]) for role in subjects_of(models)}
    found = [(role, medium) for role, medium in there.items() if medium is not None]
    if not found:
        raise MissingSubject(bundle, next(iter(there)))
    if len(found) > 1 and filming(Role.PORTRAIT, models) != filming(Role.CLIP, models):
        raise _two_readings(bundle, found, models)
    return found[0]


def _two_readings(
    bundle: Bundle, found: Sequence[tuple[Role, Medium]], models: Sequence[str]
) -> MalformedBrief:
    readings = " or ".join(
        f"{name_of(medium.place)} as the {role} of {', '.join(filming(role, models))}"
        for role, medium in found
    )
    return MalformedBrief(
        f"may mean {readings}",
        f"name the models of one of them in {bundle.name}.json",
        subject=bundle.stem,
    )
