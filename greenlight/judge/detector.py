"""Find faces or bodies in a picture with a single-shot detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from greenlight.judge.anchors import anchor_centres
from greenlight.judge.network import Array, Network

SAME_THING_OVERLAP: Final = 0.3
"""Boxes that share more than this part of their union are one find."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One find, in pixels of the picture: `box` is left, top, right, bottom, `points` is (n, 2)."""

    box: Array
    score: float
    points: Array

    @property
    def width(self) -> float:
        """Return the width of the box."""
        return float(self.box[2] - self.box[0])

    @property
    def height(self) -> float:
        """Return the height of the box."""
        return float(self.box[3] - self.box[1])

    @property
    def centre(self) -> Array:
        """Return the middle of the box as x, y."""
        middle: Array = (self.box[:2] + self.box[2:]) / np.float32(2)
        return middle


class Detector:
    """A detector file with its anchors."""

    def __init__(
        self, file: str, *, edge_px: int, strides: Sequence[int], per_cell: int, threads: int
    ) -> None:
        self._network = Network(file, threads=threads)
        self._edge_px = edge_px
        self._anchors = anchor_centres(edge_px, strides, per_cell)

    def find(self, image: Image.Image, *, at_least: float) -> list[Detection]:
        """Return what scores `at_least` that in an RGB picture, the best first."""
        pixels, scale, offset = _letterbox(image, self._edge_px)
        values, scores = self._network.run(pixels)
        likely = np.flatnonzero(scores >= at_least)
        # Every anchor has its centre, its size, and then the points, relative to the anchor.
        pairs = values[likely].reshape(len(likely), values.shape[-1] // 2, 2) / self._edge_px
        centres = pairs[:, 0] + self._anchors[likely]
        halves = pairs[:, 1] / 2
        points = pairs[:, 2:] + self._anchors[likely][:, None]
        corners = np.stack([centres - halves, centres + halves], axis=1)
        places = (np.concatenate([corners, points], axis=1) * self._edge_px - offset) / scale
        return list(_merge(places.astype(np.float32), scores[likely]))


def _letterbox(image: Image.Image, edge_px: int) -> tuple[Array, float, Array]:
    """Return the picture in the middle of a black square, values in -1..1, its scale and offset."""
    scale = edge_px / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    left, top = (edge_px - width) // 2, (edge_px - height) // 2
    square = np.full((edge_px, edge_px, 3), -1, np.float32)
    small = image.resize((width, height), Image.Resampling.BILINEAR)
    square[top : top + height, left : left + width] = np.asarray(small, np.float32) / 127.5 - 1
    return square, scale, np.array([left, top], np.float32)


def _merge(places: Array, scores: Array) -> Iterator[Detection]:
    """Yield one find for each group of overlapping ones: their mean, weighted by score.

    `places` is (n, 2 + points, 2): the two corners of the box first.
    """
    left = np.argsort(-scores, kind="stable")
    while len(left):
        together = _overlaps(places[left, :2], places[left[0], :2]) > SAME_THING_OVERLAP
        together[0] = True
        group = left[together]
        mean = np.average(places[group], axis=0, weights=scores[group]).astype(np.float32)
        yield Detection(mean[:2].reshape(4), float(scores[group[0]]), mean[2:])
        left = left[~together]


def _overlaps(boxes: Array, box: Array) -> Array:
    """Return the intersection over the union of each of the boxes (n, 2, 2) and the one (2, 2)."""
    shared = _areas(np.maximum(boxes[:, 0], box[0]), np.minimum(boxes[:, 1], box[1]))
    both = _areas(boxes[:, 0], boxes[:, 1]) + _areas(box[None, 0], box[None, 1])
    overlaps: Array = shared / np.maximum(both - shared, np.float32(1e-9))
    return overlaps


def _areas(top_left: Array, bottom_right: Array) -> Array:
    sides: Array = np.clip(bottom_right - top_left, 0, None)
    return sides[:, 0] * sides[:, 1]
