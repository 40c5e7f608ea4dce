"""Examine a portrait: its format, edges and identity, and whether the file is whole."""

from __future__ import annotations

import asyncio
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict

from greenlight.errors import Unusable
from greenlight.media.decoding import decoding
from greenlight.media.frames import video_format
from greenlight.media.pictures import (
    BEGINNING_BYTES,
    Header,
    NoPicture,
    open_picture,
    read_header,
    room_for,
)
from greenlight.media.place import Place
from greenlight.media.places import opened
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Role
from greenlight.wording import visible


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
    """Pillow's name of the format: JPEG, PNG, BMP, WEBP; GIF and TIFF, which no model takes."""
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
        header = await asyncio.to_thread(_read_picture, place)
    width, height = header.size_px
    return Portrait(
        place=place.text,
        shown=place.shown,
        name=visible(place.name),
        identity=place.identity,
        format=header.format,
        width_px=width,
        height_px=height,
        size_bytes=place.size_bytes,
    )


def _read_picture(place: Place) -> Header:
    try:
        with place.open() as stream:
            header = read_header(stream)
            # What no model takes is refused by its header, without being decoded.
            if place.is_here and header.is_decoded:
                stream.seek(0)
                _decode(stream)
            return header
    except NoPicture:
        raise _no_picture(place) from None
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError) as error:
        raise Unusable(
            f"is a damaged or truncated picture ({error})", "export it again", subject=place.shown
        ) from None


def _no_picture(place: Place) -> Unusable:
    """Return why no picture can be read there, and if it is a clip, which models film it."""
    use = "use a JPEG, PNG, BMP or WebP"
    if (models := catalog.to_film(Role.CLIP)) and _begins_as_video(place):
        way = f"{use}, or a model that films a clip: {models}"
        return Unusable("is a video", way, subject=place.shown)
    return Unusable("is not a picture that can be read", use, subject=place.shown)


def _begins_as_video(place: Place) -> bool:
    with place.open() as stream:
        return bool(video_format(stream.read(BEGINNING_BYTES)))


def _decode(stream: BinaryIO) -> None:
    """Decode a picture as small as its format lets, to see that it is whole."""
    with open_picture(stream) as image:
        image.draft("RGB", (64, 64))
        with room_for(image):
            image.load()
