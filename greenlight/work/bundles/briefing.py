"""Make a brief of a bundle: what lies there, what its json says, and what holds for all."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from greenlight.briefs.brief import Brief, ParameterValue, is_template_id
from greenlight.errors.advice import AllowOrigin
from greenlight.media.kinds import Kind
from greenlight.media.place import PUBLIC, name_of, shown_of
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Role
from greenlight.work.bundles.bundle import Bundle
from greenlight.work.bundles.casting import subject_of
from greenlight.work.bundles.defaults import (
    BriefDefaults,
    MalformedBrief,
    filming_only,
    make_brief,
)
from greenlight.work.bundles.origins import WEB, origin_of

Need = Literal["sound", "json"]
"""What a deployment waits for before it films: what moves the subject, and the brief's json."""
NEEDS: tuple[Need, ...] = ("sound",)
_Wrong = Callable[..., MalformedBrief]
"""Makes the error of a field, of what is wrong and what to do."""
_KINDS: Final[Mapping[Role, Mapping[str, Kind]]] = {
    Role.PORTRAIT: {"portrait": Kind.PICTURE, "sound": Kind.SOUND, "motion": Kind.VIDEO},
    Role.CLIP: {"clip": Kind.VIDEO, "sound": Kind.SOUND},
}
"""What the files of a bundle are in its brief, by who is filmed."""
_FILE: Final = re.compile(r"/|~[^/]*/")
"""What a file's path begins with that does not lie beside a json, like `/home` and `~anna/`."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """A bundle's brief as far as it goes, and what of it its json decided."""

    brief: Brief
    needs_json: bool = False
    """Whether the json that it must have is still missing."""
    told: frozenset[str] = frozenset()
    """The fields that its json says, but for a sound or motion that lies beside it anyway."""


def brief_of(
    bundle: Bundle,
    details: Mapping[str, Any] | None,
    defaults: BriefDefaults,
    needs: Collection[Need] = NEEDS,
) -> Briefing:
    """Return the brief of a bundle.

    `details` are the fields that its json says, `None` where there is none; they win over the defaults, and
    so does what lies beside the subject. `MalformedBrief` names file, field and reason, and `MissingSubject`
    says whom it lacks.
    """
    role, subject = subject_of(bundle, _models(details, defaults))
    kinds = _KINDS[role]
    _expect_one_of_each(bundle, kinds)
    written = bundle.first(Kind.DETAILS)
    beside = _beside(bundle, kinds)
    told = {}
    if written is not None:
        named = _named(details or {}, bundle, written.place, defaults.also_from)
        told = _told(named, beside, written.place)
    usual = defaults.of_a_brief()
    if "models" in told:
        usual["parameters"] = _of_use(defaults.parameters, told["models"])
    fields = {role.value: subject.place} | usual | beside | told
    brief = make_brief(filming_only(role, fields), (written or subject).place)
    is_missing = "json" in needs and details is None
    return Briefing(brief, needs_json=is_missing, told=frozenset(told))


def _expect_one_of_each(bundle: Bundle, kinds: Mapping[str, Kind]) -> None:
    for name, kind in {**kinds, "json": Kind.DETAILS}.items():
        parts = bundle.parts.get(kind, [])
        if len(parts) > 1:
            names = " and ".join(name_of(one.place) for one in parts)
            raise MalformedBrief(
                f"has more than one {name} of the same name, {names}",
                f"a brief has one {name}, so keep one",
                subject=f"{bundle.folder}/",
            )


def _beside(bundle: Bundle, kinds: Mapping[str, Kind]) -> dict[str, str]:
    """Return the sound and the motion that lie beside the subject."""
    found = {name: bundle.first(kinds[name]) for name in ("sound", "motion") if name in kinds}
    return {name: one.place for name, one in found.items() if one is not None}


def _models(details: Mapping[str, Any] | None, defaults: BriefDefaults) -> list[str]:
    """Return the models that a json names, else those of the defaults."""
    named = (details or {}).get("models", defaults.models)
    return (
        [name for name in named if isinstance(name, str)] if isinstance(named, list | tuple) else []
    )


def _named(
    details: Mapping[str, Any], bundle: Bundle, written: str, also_from: Collection[str]
) -> dict[str, Any]:
    """Return what a json says, with the places that it means; a bare name lies in the bundle's own folder."""
    named = dict(details)
    for name in sorted({"sound", "motion"} & named.keys()):
        place = _resolve(named[name], bundle, is_motion=name == "motion")
        if bundle.is_in_s3:
            wrong = partial(MalformedBrief.in_field, written, name)
            _expect_no_file(named[name], wrong)
            place = _expect_allowed(place, bundle, also_from, wrong)
        named[name] = place
    return named


def _told(named: Mapping[str, Any], beside: Mapping[str, str], written: str) -> dict[str, Any]:
    """Return what a json says beyond what lies there."""
    told = dict(named)
    for name in sorted(beside.keys() & told.keys()):
        if told[name] not in (None, beside[name]):
            raise MalformedBrief.in_field(
                written,
                name,
                f"{name_of(beside[name])} is beside it and is another one",
                "name it there or put it there, not both",
            )
        del told[name]
    return told


def _of_use(parameters: Mapping[str, ParameterValue], models: Any) -> dict[str, ParameterValue]:
    """Return the usual parameters that the models of a json know; it says the others itself, if at all."""
    families = catalog.families()
    named = models if isinstance(models, list) else []
    known = {
        parameter
        for model in named
        if model in list(families)
        for parameter in families[model].parameters.model_fields
    }
    return {name: value for name, value in parameters.items() if name in known}


def _expect_no_file(place: Any, wrong: _Wrong) -> None:
    """Refuse what would be read as a file: whoever may upload must not reach those of a worker."""
    scheme, colon, _ = str(place).partition("://")
    is_named = scheme.lower() in {"s3", "http", "https"} if colon else not _FILE.match(str(place))
    if not is_named:
        raise wrong(
            "a json in S3 may not name a file of the machine that works on it",
            "put the file beside the portrait, or give s3://bucket/key or an http(s) address",
        )


def _expect_allowed(place: Any, bundle: Bundle, also_from: Collection[str], wrong: _Wrong) -> Any:
    """Return a place that a json in S3 may name; the worker reads more than whoever may upload there."""
    if not isinstance(place, str) or "://" not in place:
        return place
    try:
        origin = origin_of(place)
    except ValueError as error:
        raise wrong(f"{shown_of(place)}: {error}", "check it") from None
    if origin not in {origin_of(bundle.stem), *map(origin_of, also_from)}:
        raise wrong("a json in S3 may only name what is in its own bucket", AllowOrigin(origin))
    scheme, _, rest = place.partition("://")
    # Who allows a host trusts it with sounds, and not with the addresses of the worker's own network.
    return f"{PUBLIC if scheme.lower() in WEB else ''}{scheme.lower()}://{rest}"


def _resolve(place: Any, bundle: Bundle, *, is_motion: bool) -> Any:
    """Return the place that a json means."""
    if not isinstance(place, str) or "://" in place or place.startswith("/"):
        return place
    if is_motion and is_template_id(place):
        return place
    return f"{bundle.folder}/{place}"
