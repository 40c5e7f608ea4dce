"""Measure how well a face can be made out: its light and its sharpness."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from greenlight.judge.network import Array

FACE_PX: Final = 96
"""Faces are compared at one size, so that a large blurred one is no sharper than a small one."""


def grey_face(image: Image.Image, box: tuple[int, int, int, int]) -> Array:
    """Cut a box out of an RGB picture as grey values 0-255 of (96, 96)."""
    grey = image.crop(box).convert("L")
    return np.asarray(grey.resize((FACE_PX, FACE_PX), Image.Resampling.BILINEAR), np.float32)


def light(face: Array) -> float:
    """Return the mean grey, 0 black to 255 white."""
    return float(face.mean())


def sharpness(face: Array) -> float:
    """Return the variance of the Laplacian over that of the face: contrast does not count."""
    edges = (
        face[:-2, 1:-1] + face[2:, 1:-1] + face[1:-1, :-2] + face[1:-1, 2:] - 4 * face[1:-1, 1:-1]
    )
    return float(edges.var() / max(float(face.var()), 1e-6))
