"""Answer EMO's check, and say how large its videos are.

The fields and the shape of a refusal are those of the samples in the vendor's document
emo-detect-api; the sizes stand in emo-api.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from greenlight.judge import Sighting, findings
from greenlight.judge.rules import speaks_against
from greenlight.modelstudio.families.emo import EMO as FAMILY
from greenlight.studio.families.played import StudioFamily

STYLE_LEVELS: Final = ("normal", "calm", "active")

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Frame:
    """What is filmed around a face, in parts of the face's mean side."""

    ratio: Fraction
    """Width over height."""
    beside: float
    above: float
    below: float


_FRAMES: Final = {
    # These margins give the boxes of the document's sample to the pixel.
    "1:1": _Frame(Fraction(1), beside=0.75, above=0.90, below=0.60),
    # No sample shows this one; chosen so that the chest is inside.
    "3:4": _Frame(Fraction(3, 4), beside=1.00, above=0.90, below=2.10),
}


def answer(sighting: Sighting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `output` of a check; `parameters` may hold a `ratio` of 1:1 (default) or 3:4."""
    refused = any(finding.kind in speaks_against(FAMILY.name) for finding in findings(sighting))
    if sighting.face is not None and not refused:
        face = sighting.face.box
        around = ext_bbox(face, sighting.size, str(parameters.get("ratio", "1:1")))
        if around is not None:
            return {"check_pass": True, "face_bbox": list(face), "ext_bbox": list(around)}
    return {"check_pass": False, "code": "", "message": ""}


def ext_bbox(face: Box, picture_size: tuple[int, int], ratio: str) -> Box | None:
    """Return the part of the picture that is filmed around a face, in pixels.

    It has the asked ratio, rounded to pixels. Where it is too large for the picture it shrinks, and
    where it reaches out of it, it moves; `None` says that the face does not fit into it then.
    """
    frame = _FRAMES[ratio]
    left, top, right, bottom = face
    face_width, face_height = right - left, bottom - top
    side = (face_width + face_height) / 2
    height = min(
        round(side * (1 + frame.above + frame.below)),
        picture_size[1],
        math.floor(picture_size[0] / frame.ratio),
    )
    width = round(height * frame.ratio)
    if width < face_width or height < face_height:
        return None
    # A shrunk box keeps the face where it was between its own edges.
    share_above = frame.above / (frame.above + frame.below)
    x = math.floor(left - (width - face_width) / 2)
    y = math.floor(top - (height - side) * share_above)
    x = _within(x, right - width, left, picture_size[0] - width)
    y = _within(y, bottom - height, top, picture_size[1] - height)
    return x, y, x + width, y + height


def _within(start: int, covers_from: int, covers_to: int, room: int) -> int:
    """Move a start so that the box covers the face and stays in the picture."""
    return min(max(start, covers_from, 0), covers_to, room)


def video_size(body: Mapping[str, Any], picture_size: tuple[int, int]) -> tuple[int, int]:  # noqa: ARG001
    """Return 512x512 for a square `ext_bbox` and 512x704 for one of 3:4, as emo-api has it."""
    return (512, 512) if _video_ratio(body) == "1:1" else (512, 704)


def usage(body: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return what is billed; the price goes by the ratio."""
    return {"video_duration": seconds, "video_ratio": _video_ratio(body)}


def filmed_part(body: Mapping[str, Any]) -> Box:
    """Return the part of the picture that becomes the video."""
    left, top, right, bottom = body["input"]["ext_bbox"]
    return left, top, right, bottom


def refused_at_once(parameters: Mapping[str, Any]) -> str | None:
    """Return the vendor's words for a style that it does not have; emo-api lists them with HTTP 400."""
    known = parameters.get("style_level", "normal") in STYLE_LEVELS
    return None if known else "The style_level is invalid."


def complaint(body: Mapping[str, Any], picture_size: tuple[int, int]) -> str | None:
    """Return what is wrong with the boxes: missing, no boxes, outside, apart, or of another ratio."""
    for name in ("face_bbox", "ext_bbox"):
        if name not in body["input"]:
            return f"Field required: input.{name}"
        if not _is_box(body["input"][name], picture_size):
            return f"Invalid {name}."
    face, around = body["input"]["face_bbox"], body["input"]["ext_bbox"]
    apart = (
        face[0] >= around[2] or around[0] >= face[2] or face[1] >= around[3] or around[1] >= face[3]
    )
    width, height = around[2] - around[0], around[3] - around[1]
    # Both ends of a side are rounded to pixels.
    fits = any(abs(width - height * frame.ratio) <= 2 for frame in _FRAMES.values())
    return None if fits and not apart else "Invalid ext_bbox."


def _is_box(value: object, picture_size: tuple[int, int]) -> bool:
    if (
        not isinstance(value, list)
        or len(value) != 4
        or any(type(side) is not int for side in value)
    ):
        return False
    left, top, right, bottom = value
    return bool(0 <= left < right <= picture_size[0] and 0 <= top < bottom <= picture_size[1])


def _video_ratio(body: Mapping[str, Any]) -> str:
    left, top, right, bottom = body["input"]["ext_bbox"]
    # 7/8 is half way between the two ratios.
    return "1:1" if (right - left) * 8 > (bottom - top) * 7 else "3:4"


EMO = StudioFamily(
    family=FAMILY,
    answer=answer,
    video_size=video_size,
    usage=usage,
    complaint=complaint,
    filmed_part=filmed_part,
    refused_at_once=refused_at_once,
    # The two boxes stand for the check.
    looks_again=False,
)
