"""Tell of the models that the catalog knows: ids, prices, limits, parameters, ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.markdown import bullets, code, paragraph, table, write_page
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family, Role
from greenlight.modelstudio.limits import PictureLimits, SoundLimits, VideoLimits
from greenlight.modelstudio.model import Model

INTRODUCTION = f"""
What the vendor's documents say, as read on {catalog.PRICES_AS_OF.isoformat()}. A check is paid by
the picture, a template by the second of its motion, a video by the second of its output. Each model
may be started 5 times a second by one account.
"""
MEGABYTE = 1024 * 1024


def page() -> str:
    """Return the page of the models."""
    parts = (part for one in catalog.families().values() for part in _family(one))
    return write_page("Models", paragraph(INTRODUCTION), *parts)


def _family(family: Family) -> Iterator[str]:
    yield f"## {code(family.name)}"
    yield table(("model", "does", "CNY", "switched off on", "instead"), map(_model, family.models))
    yield bullets(_limits(family))
    yield "Parameters of the video:"
    yield bullets(_parameters(family))


def _model(model: Model) -> tuple[str, ...]:
    unit = "a picture" if model.kind == "check" else "a second"
    prices = ", ".join(
        f"{price} {unit}" + (f" ({variant})" if variant not in ("", "image") else "")
        for variant, price in model.prices_cny.items()
    )
    ends = model.retires_on.isoformat() if model.retires_on else ""
    return code(model.id), model.kind, prices, ends, code(model.replaced_by)


def _limits(family: Family) -> Iterator[str]:
    if family.subject is Role.CLIP:
        yield f"clip: {_motion(family.clip)}"
    else:
        yield f"portrait: {_picture(family.picture)}"
    if family.sound:
        yield f"sound: {_sound(family.sound)}"
    if family.motion:
        yield f"motion: {_motion(family.motion)}"
    if family.ratios:
        yield f"ratios: {', '.join(family.ratios)}"


def _picture(limits: PictureLimits) -> str:
    parts = [", ".join(sorted(limits.formats))]
    if limits.min_edge_px or limits.max_edge_px:
        parts.append(f"edges of {_range(limits.min_edge_px, limits.max_edge_px)} px")
    if limits.max_aspect:
        parts.append(f"the longer edge at most {limits.max_aspect:g} times the shorter")
    if limits.below_bytes:
        parts.append(f"below {limits.below_bytes // MEGABYTE} MB")
    return "; ".join(parts)


def _range(least: int | None, most: int | None) -> str:
    if least is None:
        return f"at most {most}"
    return f"at least {least}" if most is None else f"{least} to {most}"


def _sound(limits: SoundLimits) -> str:
    formats = ", ".join(sorted(limits.formats))
    length = f"{limits.min_seconds:g} to {limits.max_seconds:g} s"
    return f"{formats}; {length}; at most {round(limits.max_bytes / MEGABYTE)} MB"


def _motion(limits: VideoLimits) -> str:
    formats = ", ".join(sorted(limits.formats))
    return (
        f"{formats} ({', '.join(sorted(limits.codecs))}); "
        f"{limits.min_seconds:g} to {limits.max_seconds:g} s; "
        f"edges of {limits.min_edge_px} to {limits.max_edge_px} px; "
        f"at least {limits.min_frames_per_second:g} frames a second; "
        f"at most {limits.max_bytes // MEGABYTE} MB"
    )


def _parameters(family: Family) -> Iterator[str]:
    for name, told in family.parameters.model_json_schema()["properties"].items():
        default = told.get("default")
        shown = str(default).lower() if isinstance(default, bool) else default
        yield f"{code(name)}: {_values(told)}; default {'not sent' if shown is None else code(shown)}"


def _values(told: dict[str, Any]) -> str:
    if "anyOf" in told:
        return " or ".join(_values(one) for one in told["anyOf"] if one.get("type") != "null")
    if "enum" in told:
        return ", ".join(map(code, told["enum"]))
    if "const" in told:
        return code(told["const"])
    if told.get("type") == "boolean":
        return "`true`, `false`"
    return f"{told['minimum']:g} to {told['maximum']:g}"
