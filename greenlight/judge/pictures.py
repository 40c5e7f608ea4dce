"""Decode photographs for the judge, with bounds on the memory that this takes."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from PIL import Image

from greenlight.media.frames import frame_of, is_video
from greenlight.media.pictures import NoPicture, UnreadablePicture, open_picture, room_for

__all__ = ["UnreadablePicture", "read_picture", "working_copy"]

WORKING_EDGE_PX: Final = 1280
"""The judge looks at nothing larger: its models see 224 px, and a face's details are in 192 px."""
# What Pillow's decoders raise on bytes that are cut off, damaged or made to harm.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    struct.error,
    zlib.error,
)


def read_picture(source: bytes | Path) -> tuple[Image.Image, tuple[int, int]]:
    """Return the picture as RGB, its longer edge at most 1280 px, and the size that it really has.

    Transparent parts become white; an animation gives its first picture, and the file of a video a
    frame of it. Raise `UnreadablePicture` if the bytes are no JPEG, PNG, BMP or WebP, are damaged, or
    claim more than 7000x7000 pixels; and `OSError` if a file cannot be opened.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        try:
            return _decode(stream)
        except NoPicture:
            if isinstance(source, bytes) or not is_video(source):
                raise
            frame = frame_of(source)
            return working_copy(frame), frame.size
        except UnreadablePicture:
            raise
        except _DAMAGE as error:
            raise UnreadablePicture("the picture is damaged or cut off") from error


def working_copy(image: Image.Image) -> Image.Image:
    """Return a picture of any mode as RGB with its longer edge at most 1280 px."""
    shrink = max(image.size) / WORKING_EDGE_PX
    if image.mode == "RGB" and shrink > 1:
        return _shrunk(image, shrink)
    rgb = _as_rgb(image)
    return _shrunk(rgb, shrink) if shrink > 1 else rgb


def _decode(stream: BinaryIO) -> tuple[Image.Image, tuple[int, int]]:
    with open_picture(stream) as image:
        size = image.size
        shrink = max(1.0, max(size) / WORKING_EDGE_PX)
        # A JPEG decodes to an eighth, a quarter or a half for next to nothing.
        image.draft("RGB", (round(size[0] / shrink), round(size[1] / shrink)))
        with room_for(image):
            return working_copy(image), size


def _shrunk(image: Image.Image, factor: float) -> Image.Image:
    width, height = (max(1, round(side / factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2)


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(with_alpha, mask=with_alpha.getchannel("A"))
        return white
    if image.mode.startswith("I"):
        # Pillow would cut 16 bits off at 255 instead of scaling them.
        grey = (np.clip(np.asarray(image, np.int32), 0, 65535) >> 8).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    return image.convert("RGB")
