"""Say in words for people what may be wrong with a portrait.

The limits were set on 95 photographs and 27 variants of them. Which findings refuse a portrait is
the models' own business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from greenlight.judge.sighting import Face, Sighting

MAX_YAW_DEGREES: Final = 30.0
"""Portraits taken for frontal were turned by up to 21 degrees, those taken for side views by 37."""
MAX_ROLL_DEGREES: Final = 40.0
"""A head laid on a shoulder; the vendor names no limit."""
MIN_FACE_PX: Final = 40
"""Below it an eye has less than 8 pixels."""
MIN_FACE_TO_EDGE: Final = 0.08
"""Of the picture's shorter edge."""
MIN_LIGHT, MAX_LIGHT = 45.0, 215.0
"""Mean grey of the face; it was 73 to 160 in ordinary light, and 37 against a bright sky."""
MIN_SHARPNESS: Final = 0.02
"""Sharp faces had 0.06 and more, blurred ones 0.002."""


class FindingKind(StrEnum):
    """What can be wrong with a portrait."""

    NOBODY = "nobody"
    SEVERAL_PEOPLE = "several-people"
    NO_FACE = "no-face"
    TURNED = "turned"
    TILTED = "tilted"
    SMALL_FACE = "small-face"
    LIGHT = "light"
    BLUR = "blur"
    NO_BODY = "no-body"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that may be wrong; `words` is a clause with its figure, without a full stop."""

    kind: FindingKind
    words: str


def findings(sighting: Sighting) -> tuple[Finding, ...]:
    """Return all that may be wrong with a portrait, the weightiest first.

    Nobody in the picture is one finding and ends the list, as there is nothing more to look at.
    """
    if sighting.people == 0:
        return (Finding(FindingKind.NOBODY, "nobody is in the picture"),)
    return tuple(_of_somebody(sighting))


def _of_somebody(sighting: Sighting) -> Iterator[Finding]:
    if sighting.people > 1:
        yield Finding(
            FindingKind.SEVERAL_PEOPLE, f"{_number(sighting.people)} people are in the picture"
        )
    if sighting.face is None or not sighting.face.clear:
        yield Finding(FindingKind.NO_FACE, "no face can be made out")
    else:
        yield from _of_pose(sighting.face)
        yield from _of_size(sighting.face, min(sighting.size))
        yield from _of_clarity(sighting.face)
    if not sighting.body:
        yield Finding(FindingKind.NO_BODY, "the body is not seen down to the waist")


def _of_pose(face: Face) -> Iterator[Finding]:
    yaw, roll = abs(face.yaw_degrees), abs(face.roll_degrees)
    if yaw > MAX_YAW_DEGREES:
        yield Finding(FindingKind.TURNED, f"the face is turned by {yaw:.0f} degrees")
    if roll > MAX_ROLL_DEGREES:
        yield Finding(FindingKind.TILTED, f"the head is tilted by {roll:.0f} degrees")


def _of_size(face: Face, shorter_edge_px: int) -> Iterator[Finding]:
    at_least = max(MIN_FACE_PX, round(MIN_FACE_TO_EDGE * shorter_edge_px))
    if face.width_px < at_least:
        yield Finding(
            FindingKind.SMALL_FACE,
            f"the face is {face.width_px} px wide, which is less than {at_least}",
        )


def _of_clarity(face: Face) -> Iterator[Finding]:
    if not MIN_LIGHT <= face.light <= MAX_LIGHT:
        how = "dark" if face.light < MIN_LIGHT else "bright"
        yield Finding(
            FindingKind.LIGHT, f"the face is too {how} (mean grey {face.light:.0f} of 255)"
        )
    if face.sharpness < MIN_SHARPNESS:
        yield Finding(
            FindingKind.BLUR,
            f"the face is blurred (sharpness {face.sharpness:.3f}, less than {MIN_SHARPNESS})",
        )


def _number(count: int) -> str:
    words = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
    return words.get(count, str(count))
