"""Refuse what a model's document excludes before anything is paid.

The rules are the catalog's limits; a broken one is a verdict with the code that the vendor would give.
"""

from __future__ import annotations

from collections.abc import Callable

from greenlight.errors import sentence
from greenlight.media.portraits import Portrait
from greenlight.media.recordings import Clip, faults_of
from greenlight.media.subjects import Subject, role_of
from greenlight.modelstudio.family import Family, Verdict
from greenlight.modelstudio.limits import PictureLimits

Refusal = tuple[str, str]
"""A code and a reason in words."""


def known_at_once(subject: Subject, family: Family) -> Verdict | None:
    """Return the verdict that nobody need be asked for, `None` where a detector must look.

    It is a refusal by the limits, or that of a family without a detector.
    """
    refused = preflight(subject, family)
    return refused or (family.unchecked() if family.check is None else None)


def preflight(subject: Subject, family: Family) -> Verdict | None:
    """Return the verdict of what breaks a limit of the family, or `None` if it breaks none."""
    refusal = _refusal_of(subject, family)
    if refusal is None:
        return None
    code, reason = refusal
    return family.verdict(model=family.name, passed=False, by="preflight", code=code, reason=reason)


def _refusal_of(subject: Subject, family: Family) -> Refusal | None:
    if role_of(subject) is not family.subject:
        raise ValueError(f"{family.name} films a {family.subject}, not a {role_of(subject)}")
    if isinstance(subject, Clip):
        faults = faults_of(subject, family.clip)
        return next(
            ((code, f"the clip {sentence((what, advice))}") for code, what, advice in faults), None
        )
    refusals = (rule(subject, family.picture) for rule in _RULES)
    return next((refusal for refusal in refusals if refusal is not None), None)


def _format(portrait: Portrait, limits: PictureLimits) -> Refusal | None:
    if portrait.format in limits.formats:
        return None
    taken = ", ".join(sorted(limits.formats))
    return "InvalidFile.Format", f"the picture is a {portrait.format}; the model takes {taken}"


def _edges(portrait: Portrait, limits: PictureLimits) -> Refusal | None:
    size = f"the picture is {portrait.width_px}x{portrait.height_px} px"
    if limits.min_edge_px is not None and min(portrait.size_px) < limits.min_edge_px:
        needed = f"every edge needs at least {limits.min_edge_px} px"
        return "InvalidFile.Resolution", f"{size}; {needed}"
    if limits.max_edge_px is not None and max(portrait.size_px) > limits.max_edge_px:
        return "InvalidFile.Resolution", f"{size}; no edge may exceed {limits.max_edge_px} px"
    return None


def _aspect(portrait: Portrait, limits: PictureLimits) -> Refusal | None:
    shorter, longer = sorted(portrait.size_px)
    if limits.max_aspect is None or longer <= limits.max_aspect * shorter:
        return None
    times = f"the longer edge is {longer / max(1, shorter):.2f} times the shorter"
    return "InvalidFile.AspectRatio", f"{times}; at most {limits.max_aspect:g} is taken"


def _size(portrait: Portrait, limits: PictureLimits) -> Refusal | None:
    if limits.below_bytes is None or portrait.size_bytes < limits.below_bytes:
        return None
    megabyte = 1024 * 1024
    size = f"the file has {portrait.size_bytes / megabyte:.1f} MB"
    return "InvalidFile.Size", f"{size}; it must be below {limits.below_bytes / megabyte:g} MB"


_RULES: tuple[Callable[[Portrait, PictureLimits], Refusal | None], ...] = (
    _format,
    _edges,
    _aspect,
    _size,
)
