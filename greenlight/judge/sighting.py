"""Define what the judge reports of a photograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from greenlight.judge.body import BodyStyle

MIN_LANDMARK_SCORE: Final = 0.5
"""From here on it is a face; the one false find on 15 pictures without people scored less."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face, measured; `box` is left, top, right, bottom in pixels, inside the picture."""

    box: tuple[int, int, int, int]
    score: float
    """How sure the detector is, 0-1."""
    landmark_score: float
    """How sure the landmark model is, 0-1; low for a strict profile and for a covered face."""
    yaw_degrees: float
    """How far the face is turned to the side, 0 for none; means little unless `clear`."""
    roll_degrees: float
    """How far the head is tilted: 0 is upright, positive is clockwise."""
    light: float
    """Mean grey of the box, 0-255."""
    sharpness: float
    """Variance of the Laplacian over the variance of the grey face."""

    @property
    def clear(self) -> bool:
        """Whether eyes, nose and mouth can be made out."""
        return self.landmark_score >= MIN_LANDMARK_SCORE

    @property
    def width_px(self) -> int:
        """Return the width of the box."""
        return self.box[2] - self.box[0]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is seen in one photograph."""

    size: tuple[int, int]
    """Width and height of the picture as its header gives them: an EXIF rotation is not applied."""
    faces: tuple[Face, ...]
    """The largest first."""
    people: int
    """How many people of about the same importance; somebody small in the background is none."""
    body: BodyStyle
    """How much is seen of the body of the one with the largest face."""

    @property
    def face(self) -> Face | None:
        """Return the largest face."""
        return self.faces[0] if self.faces else None
