"""Read the boxes of a passed portrait, and accept none that a video could not be made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from greenlight.modelstudio.errors import ProtocolError
from greenlight.modelstudio.family import Box

ROUNDING_PX: Final = 2
"""How far each side of a box may be off the exact ratio: both of its ends are rounded to pixels."""


def read_box(
    output: Mapping[str, Any], name: str, picture_size: tuple[int, int] | None, request_id: str
) -> Box:
    """Return the box of that name, `[left, top, right, bottom]` in pixels.

    Raises `ProtocolError` for a box that is missing, is not four integers, is inverted or empty,
    has a negative corner, or reaches out of the picture of `picture_size` (width, height).
    """
    value = output.get(name)
    if (
        not isinstance(value, list)
        or len(value) != 4
        or any(type(edge) is not int for edge in value)
    ):
        raise ProtocolError(
            f"it passes the portrait without a {name} of four integers", request_id=request_id
        )
    left, top, right, bottom = value
    width, height = picture_size or (right, bottom)
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        size = f" in a picture of {width}x{height}" if picture_size else ""
        raise ProtocolError(f"its {name} {value}{size} is not a box", request_id=request_id)
    return left, top, right, bottom


def expect_ratio(box: Box, ratio: str, request_id: str) -> None:
    """Raise `ProtocolError` unless the box has the ratio (width to height), but for rounding."""
    across, down = (int(part) for part in ratio.split(":"))
    width, height = box[2] - box[0], box[3] - box[1]
    if abs(width * down - height * across) > ROUNDING_PX * (across + down):
        raise ProtocolError(
            f"its ext_bbox of {width}x{height} does not have the ratio {ratio} that was asked for",
            request_id=request_id,
        )
