"""Make small JPEGs of portraits, plain or with EMO's boxes drawn on them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from greenlight.judge.pictures import UnreadablePicture, read_picture
from greenlight.modelstudio.family import Box, Verdict

SHEET_BYTES: Final = 10_000
"""One of many on a page."""
ARTIFACT_BYTES: Final = 100_000
"""One alone."""
PIXELS_PER_BYTE: Final = 4
"""A JPEG of quality 80 takes about two bits a pixel: 10 kB are worth 200x200 px, 100 kB 632x632."""
QUALITIES: Final = (80, 60, 40, 20)
FACE_COLOUR, EXTENDED_COLOUR, EDGE_COLOUR = "#2fd36b", "#ffb020", "#14171a"

__all__ = [
    "ARTIFACT_BYTES",
    "SHEET_BYTES",
    "UnreadablePicture",
    "annotated",
    "boxes_of",
    "data_uri",
    "real_size",
    "thumbnail",
]


def thumbnail(picture: Path | bytes, max_bytes: int = SHEET_BYTES) -> bytes:
    """Return a picture as a JPEG of at most so many bytes, its edges as long as that is worth.

    The size that the picture really has stands in the JPEG's comment, for `real_size`. Raises
    `UnreadablePicture` for what is no picture, and `OSError` for a file that cannot be opened.
    """
    image, size = _small(picture, max_bytes)
    return _jpeg(image, size, max_bytes)


def annotated(picture: Path | bytes, verdict: Verdict, max_bytes: int = ARTIFACT_BYTES) -> bytes:
    """Return a thumbnail with the boxes of a verdict: the face in green, the part filmed dashed in amber.

    A verdict without boxes leaves the picture as it is. Errors are those of `thumbnail`.
    """
    image, size = _small(picture, max_bytes)
    scale = (image.width / size[0], image.height / size[1])
    for name, box in boxes_of(verdict).items():
        _draw(image, _scaled(box, scale), dashed=name == "ext_bbox")
    return _jpeg(image, size, max_bytes)


def boxes_of(verdict: Verdict) -> dict[str, Box]:
    """Return the boxes that a verdict has by their names, in pixels of the portrait."""
    boxes = {name: getattr(verdict, name, None) for name in ("ext_bbox", "face_bbox")}
    return {name: box for name, box in boxes.items() if box is not None}


def real_size(jpeg: bytes) -> tuple[int, int] | None:
    """Return width and height of the picture that a thumbnail was made of, `None` for another JPEG."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            width, height = image.info["comment"].decode().split("x")
            return int(width), int(height)
    except (KeyError, ValueError, OSError):
        return None


def data_uri(jpeg: bytes) -> str:
    """Return a JPEG as the address of itself, for pages that need nothing beside them."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _small(picture: Path | bytes, max_bytes: int) -> tuple[Image.Image, tuple[int, int]]:
    image, size = read_picture(picture)
    edge_px = round((max_bytes * PIXELS_PER_BYTE) ** 0.5)
    image.thumbnail((edge_px, edge_px))
    return image, size


def _jpeg(image: Image.Image, size: tuple[int, int], max_bytes: int) -> bytes:
    """Return the best JPEG that fits; a picture full of noise loses pixels too."""
    comment = f"{size[0]}x{size[1]}"
    while True:
        for quality in QUALITIES:
            stream = io.BytesIO()
            image.save(stream, "JPEG", quality=quality, comment=comment)
            if stream.tell() <= max_bytes:
                return stream.getvalue()
        if max(image.size) == 1:
            raise ValueError(f"no JPEG has only {max_bytes} bytes")
        image = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)))


def _scaled(box: Box, scale: tuple[float, float]) -> Box:
    left, top, right, bottom = box
    across, down = scale
    return round(left * across), round(top * down), round(right * across), round(bottom * down)


def _draw(image: Image.Image, box: Box, *, dashed: bool) -> None:
    """Draw a box inside its own bounds, with a dark edge around its lines for bright pictures."""
    pen = ImageDraw.Draw(image)
    width = max(2, max(image.size) // 160)
    left, top, right, bottom = box
    half = width // 2 + 1
    corners = [
        (left + half, top + half),
        (right - half, top + half),
        (right - half, bottom - half),
        (left + half, bottom - half),
    ]
    sides = list(pairwise([*corners, corners[0]]))
    lines = list(
        chain.from_iterable(_dashes(*side, 4 * width) for side in sides) if dashed else sides
    )
    for colour, extra in ((EDGE_COLOUR, 2), (EXTENDED_COLOUR if dashed else FACE_COLOUR, 0)):
        for line in lines:
            pen.line(line, fill=colour, width=width + extra)


Point = tuple[float, float]


def _dashes(start: Point, end: Point, length: int) -> Iterator[tuple[Point, Point]]:
    """Yield the dashes of a line, as long as the gaps between them."""
    across, down = end[0] - start[0], end[1] - start[1]
    distance = max(1.0, abs(across) + abs(down))
    for begin in range(0, round(distance), 2 * length):
        to = min(begin + length, distance)
        yield (
            (start[0] + across * begin / distance, start[1] + down * begin / distance),
            (start[0] + across * to / distance, start[1] + down * to / distance),
        )
