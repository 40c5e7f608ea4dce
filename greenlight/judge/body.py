"""Say how much of a person's body is in the picture."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from greenlight.judge.detector import Detection

BodyStyle = Literal["full", "half", ""]

FEET_BELOW_EDGE: Final = 1.10
"""How far the body's circle may reach below the picture, in heights, for a full body.

The circle has room around the feet: whole bodies on photographs reached to 1.09, cut ones to
1.39 and more.
"""
WAIST: Final = 0.6
"""Where the waist is between the shoulders (0) and the hips (1)."""


def body_style(person: Detection, picture_height: int) -> BodyStyle:
    """Tell a body from head to feet from one down to the waist, and from less ("")."""
    hips, circle, shoulders = person.points[:3]
    if hips[1] <= shoulders[1]:
        return ""
    # The model was trained on a circle around the hips that the whole body fits into.
    feet = hips[1] + np.hypot(*(circle - hips))
    if feet <= FEET_BELOW_EDGE * picture_height:
        return "full"
    waist = shoulders[1] + WAIST * (hips[1] - shoulders[1])
    return "half" if waist <= picture_height else ""
