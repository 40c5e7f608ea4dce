"""Lay out the grid of anchors that a single-shot detector's outputs refer to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from greenlight.judge.network import Array


def anchor_centres(edge_px: int, strides: Sequence[int], per_cell: int) -> Array:
    """Return the centres (n, 2) as x, y in 0-1 of the picture's edge, in the order of the outputs.

    Layers of one stride in a row share a grid: each of its cells has the anchors of them all.
    """
    grids = []
    for stride, layers in groupby(strides):
        cells = -(-edge_px // stride)
        centres = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(centres, centres, indexing="ij")
        grid = np.stack([x, y], axis=-1).reshape(-1, 2)
        grids.append(np.repeat(grid, per_cell * len(list(layers)), axis=0))
    return np.concatenate(grids)
