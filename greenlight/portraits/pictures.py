"""Examine a portrait: its format, edges and identity, and whether the file is whole."""

from __future__ import annotations

import asyncio
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict

from greenlight.errors import Unusable
from greenlight.portraits.decoding import decoding
from greenlight.portraits.place import Place
from greenlight.portraits.places import opened
from greenlight.portraits.webp import HEADER_BYTES, read_webp_size

# The models' own limits are checked on the header, long before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
WHOLE_BELOW_PIXELS = 7000 * 7000
"""No model takes a larger picture, so a larger one is refused without being decoded."""


class Portrait(BaseModel):
    """A picture to be screened: its place, its identity, and what its header says."""

    model_config = ConfigDict(frozen=True)

    place: str
    """Where it lies, as it was given."""
    shown: str
    """The place without its query, for people and books."""
    name: str
    identity: str
    format: str
    """Pillow's name of the format: JPEG, PNG, BMP, WEBP, GIF, ..."""
    width_px: int
    height_px: int
    size_bytes: int

    @property
    def size_px(self) -> tuple[int, int]:
        """Return width and height."""
        return self.width_px, self.height_px


async def examine(text: str) -> Portrait:
    """Return what a portrait is; `InputError` says why it cannot be one.

    A picture on this machine is decoded too, because a cut-off file shows only then; of one in S3 no more
    than the header is read.
    """
    async with opened(text) as place:
        return await examine_place(place)


async def examine_place(place: Place) -> Portrait:
    """Return what the portrait at an opened place is."""
    with decoding(place, "portrait"):
        format_name, (width, height) = await asyncio.to_thread(_read_picture, place)
    return Portrait(
        place=place.text,
        shown=place.shown,
        name=place.name,
        identity=place.identity,
        format=format_name,
        width_px=width,
        height_px=height,
        size_bytes=place.size_bytes,
    )


def _read_picture(place: Place) -> tuple[str, tuple[int, int]]:
    try:
        with place.open() as stream:
            return _read_header(stream, decode=place.is_here)
    except UnidentifiedImageError:
        raise Unusable(
            f"{place.shown} is no picture that can be read; a JPEG, PNG, BMP or WebP is needed"
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError) as error:
        raise Unusable(
            f"{place.shown} is a damaged or cut-off picture ({error}); export it again"
        ) from None


def _read_header(stream: BinaryIO, *, decode: bool) -> tuple[str, tuple[int, int]]:
    if not decode:
        if webp_size := read_webp_size(stream.read(HEADER_BYTES)):
            return "WEBP", webp_size
        stream.seek(0)
    with Image.open(stream) as image:
        # Phones write multi-picture JPEGs, which everybody else calls JPEG.
        format_name = "JPEG" if image.format == "MPO" else str(image.format)
        size = image.size
        if decode and size[0] * size[1] <= WHOLE_BELOW_PIXELS:
            image.draft("RGB", (64, 64))
            image.load()
        return format_name, size
