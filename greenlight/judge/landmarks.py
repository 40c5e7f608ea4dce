"""Look closely at a found face: is it one, and which way does it look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from greenlight.judge.detector import Detection
from greenlight.judge.network import Network

CROP_PX: Final = 192
CROP_TO_FACE: Final = 1.5
"""The crop's edge over the longer edge of the face's box, as the model was trained."""
RIGHT_CHEEK, LEFT_CHEEK = 234, 454
"""The two points of the 468 that lie beside the ears."""


@dataclass(frozen=True, slots=True)
class CloseLook:
    """How sure the landmark model is of a face, 0-1, and how far the face is turned, in degrees."""

    score: float
    yaw_degrees: float


class Landmarks:
    """The landmark model."""

    def __init__(self, *, threads: int) -> None:
        self._network = Network("face_landmark.tflite", threads=threads)

    def look(self, image: Image.Image, face: Detection) -> CloseLook:
        """Look at a found face of an RGB picture."""
        crop = _upright_crop(image, face)
        values, scores = self._network.run(np.asarray(crop, np.float32) / np.float32(255))
        points = values.reshape(-1, 3)
        across = points[LEFT_CHEEK] - points[RIGHT_CHEEK]
        yaw = math.degrees(math.atan2(float(across[2]), float(across[0])))
        return CloseLook(score=float(scores[0]), yaw_degrees=yaw)


def roll_degrees(face: Detection) -> float:
    """Return how far the line of the eyes is from level; 0 is upright, positive is clockwise."""
    across = face.points[1] - face.points[0]
    return math.degrees(math.atan2(float(across[1]), float(across[0])))


def _upright_crop(image: Image.Image, face: Detection) -> Image.Image:
    """Cut out the face's square, turned so that its eyes are level, black beyond the picture."""
    step = max(face.width, face.height) * CROP_TO_FACE / CROP_PX
    angle = math.radians(roll_degrees(face))
    cos, sin = step * math.cos(angle), step * math.sin(angle)
    x, y = (float(value) for value in face.centre)
    half = CROP_PX / 2
    matrix = (cos, -sin, x - half * (cos - sin), sin, cos, y - half * (sin + cos))
    return image.transform(
        (CROP_PX, CROP_PX), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
