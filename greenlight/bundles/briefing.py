"""Make a brief of a bundle: what lies there, what its json says, and what holds for all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from greenlight.briefs import Brief, is_template_id
from greenlight.bundles.bundle import Bundle, Kind, name_of
from greenlight.bundles.defaults import BriefDefaults, MalformedBrief, make_brief
from greenlight.modelstudio.family import Family

Need = Literal["sound", "json"]
"""What a deployment waits for before it films: what moves the portrait, and the brief's json."""
NEEDS: tuple[Need, ...] = ("sound",)


@dataclass(frozen=True, slots=True)
class Briefing:
    """A bundle's brief as far as it goes, and whether the json that it must have is still missing."""

    brief: Brief
    needs_json: bool = False

    def is_ready_for(self, family: Family) -> bool:
        """Whether everything is there that a video of the family needs."""
        return not self.needs_json and self.brief.drive(family) is not None


def brief_of(
    bundle: Bundle,
    details: Mapping[str, Any] | None,
    defaults: BriefDefaults,
    needs: Collection[Need] = NEEDS,
) -> Briefing:
    """Return the brief of a bundle that has a portrait.

    `details` are the fields that its json says, `None` where there is none; they win over the defaults, and
    so does what lies beside the portrait. `MalformedBrief` names file, field and reason.
    """
    _expect_one_of_each(bundle)
    fields = defaults.model_dump(exclude_none=True) | _beside(bundle)
    written = bundle.first(Kind.DETAILS)
    told = dict(details or {})
    for name in ("sound", "motion"):
        if name in told:
            told[name] = _resolve(told[name], bundle, name)
    place = written.place if written and details is not None else bundle.portraits[0].place
    brief = make_brief(bundle.portraits[0].place, fields | told, place)
    return Briefing(brief, needs_json="json" in needs and details is None)


def _expect_one_of_each(bundle: Bundle) -> None:
    for kind, parts in bundle.parts.items():
        if len(parts) > 1:
            names = " and ".join(name_of(one.place) for one in parts)
            folder = bundle.stem.rpartition("/")[0]
            raise MalformedBrief(
                f"{folder}/: {names} are two of one name; a brief has one {kind}, so keep one"
            )


def _beside(bundle: Bundle) -> dict[str, str]:
    """Return the sound and the motion that lie beside the portrait."""
    found = {
        "sound": bundle.first(Kind.SOUND),
        "motion": bundle.first(Kind.MOTION),
    }
    return {name: one.place for name, one in found.items() if one is not None}


def _resolve(place: Any, bundle: Bundle, name: str) -> Any:
    """Return the place that a json means: a bare name lies in the bundle's own folder."""
    written = bundle.first(Kind.DETAILS)
    if bundle.first(Kind(name)) is not None and written is not None:
        raise MalformedBrief(
            f"{written.place}: {name}: one lies beside it already; name it there or put it there, not both"
        )
    if not isinstance(place, str) or "://" in place or place.startswith("/"):
        return place
    if name == "motion" and is_template_id(place):
        return place
    folder = bundle.stem.rpartition("/")[0]
    return f"{folder}/{place}" if folder else place
