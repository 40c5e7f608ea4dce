"""Open other people's pictures: by their headers first, in named formats, within bounds.

Pillow knows some fifty formats, and some of them decode whole before they say how large they are, or hold
others that are larger than they say. So format and size are read here, without a decoder and without the
texts, profiles and previews between them; a decoder sees only what passed that, and only its own format.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

from PIL import Image

MAX_PIXELS: Final = 7000 * 7000
"""The largest picture that any of the vendor's models takes (EMO and wan2.2-s2v)."""
BIG_PIXELS: Final = 4_000_000
"""Pictures that decode to more than this are decoded one at a time."""
DECODED: Final = ("JPEG", "PNG", "BMP", "WEBP")
"""Pillow's names of what is decoded. Its JPEG reader also takes the multi-picture files of phones ("MPO")."""
BEGINNING_BYTES: Final = 30
_MOST_MARKERS: Final = 10_000
_MOST_BYTES: Final = 16 * 1024 * 1024
"""Of a JPEG before its size: profiles and previews, which decoders hold, come in pieces of 64 KiB."""
_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of a JPEG's frame, which says the size (ITU T.81, table B.1)."""
_WIDTH_TAG, _HEIGHT_TAG = 256, 257

_one_big_picture = threading.Lock()


class UnreadablePicture(ValueError):  # noqa: N818 - said of the picture, as the message is
    """Say in one sentence why no picture can be made of some bytes."""


class NoPicture(UnreadablePicture):
    """The bytes are a picture of no format that is known here."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture says of itself before anything is decoded."""

    format: str
    """Pillow's name; GIF and TIFF are known by name only, to be refused by it."""
    size_px: tuple[int, int]
    """Width and height."""

    @property
    def is_decoded(self) -> bool:
        """Whether its format and its size are such that it may be decoded."""
        width, height = self.size_px
        return self.format in DECODED and width * height <= MAX_PIXELS


def read_header(stream: BinaryIO) -> Header:
    """Return what the picture at the beginning of a stream is, with as few reads as its format allows.

    Raises `NoPicture`, or `UnreadablePicture` for one without a size; other errors are the stream's own.
    """
    beginning = stream.read(BEGINNING_BYTES)
    for is_one, name, read_size in _FORMATS:
        if is_one(beginning):
            size = None
            if len(beginning) == BEGINNING_BYTES:
                size = read_size(beginning, stream)
            if size is None or 0 in size:
                raise UnreadablePicture("the header is cut off or says no size")
            return Header(name, size)
    raise NoPicture("the file is no JPEG, PNG, BMP or WebP picture")


def open_picture(stream: BinaryIO) -> Image.Image:
    """Return the picture of a stream, not decoded yet, of an animation the first.

    Raises `UnreadablePicture` for what is not decoded here, and else what Pillow does.
    """
    header = read_header(stream)
    width, height = header.size_px
    if header.format not in DECODED:
        raise NoPicture("the file is no JPEG, PNG, BMP or WebP picture")
    if not header.is_decoded:
        raise UnreadablePicture(
            f"the picture claims {width}x{height} pixels, and nothing above 7000x7000 is decoded"
        )
    stream.seek(0)
    try:
        image = Image.open(stream, formats=(header.format,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        # A second header claims more than the first.
        raise UnreadablePicture("the picture says two sizes") from None
    if image.size != header.size_px:
        raise UnreadablePicture("the picture says two sizes")
    return image


def room_for(image: Image.Image) -> AbstractContextManager[object]:
    """Let big pictures wait for each other; a progressive JPEG holds all its coefficients."""
    big = image.width * image.height > BIG_PIXELS or "progressive" in image.info
    return _one_big_picture if big else nullcontext()


Size = tuple[int, int] | None
"""Width and height in pixels, or nothing where it is not told."""


def _png_size(beginning: bytes, _: BinaryIO) -> Size:
    if beginning[12:16] != b"IHDR":
        return None
    return _number(beginning[16:20], "big"), _number(beginning[20:24], "big")


def _bmp_size(beginning: bytes, _: BinaryIO) -> Size:
    if _number(beginning[14:18]) == 12:  # the first header, of OS/2
        return _number(beginning[18:20]), _number(beginning[20:22])
    height = int.from_bytes(beginning[22:26], "little", signed=True)
    # A picture that is stored from its top has a negative height.
    return _number(beginning[18:22]), abs(height)


def _gif_size(beginning: bytes, _: BinaryIO) -> Size:
    return _number(beginning[6:8]), _number(beginning[8:10])


def _webp_size(beginning: bytes, _: BinaryIO) -> Size:
    """Return the size of a lossy picture (`VP8 `), a lossless one (`VP8L`) or a canvas (`VP8X`): RFC 9649."""
    kind, content = beginning[12:16], beginning[20:]
    if kind == b"VP8X":
        return _number(content[4:7]) + 1, _number(content[7:10]) + 1
    if kind == b"VP8L" and content[0] == 0x2F:
        bits = _number(content[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and content[3:6] == b"\x9d\x01\x2a":
        # The two highest bits say how it is to be enlarged.
        return _number(content[6:8]) & 0x3FFF, _number(content[8:10]) & 0x3FFF
    return None


def _jpeg_size(_: bytes, stream: BinaryIO) -> Size:
    stream.seek(2)
    for _marker in range(_MOST_MARKERS):
        prefix, marker = stream.read(1), stream.read(1)
        while marker == b"\xff" and stream.tell() < _MOST_MARKERS:
            marker = stream.read(1)
        segment = stream.read(7)
        if prefix != b"\xff" or len(segment) < 7 or stream.tell() > _MOST_BYTES:
            return None
        if marker[0] in _SIZES:
            return _number(segment[5:7], "big"), _number(segment[3:5], "big")
        stream.seek(max(2, _number(segment[:2], "big")) - len(segment), 1)
    return None


def _tiff_size(beginning: bytes, stream: BinaryIO) -> Size:
    order: Literal["little", "big"] = "little" if beginning[:2] == b"II" else "big"
    stream.seek(_number(beginning[4:8], order))
    entries = stream.read(12 * _number(stream.read(2), order))
    told = {}
    for start in range(0, len(entries) - 11, 12):
        entry = entries[start : start + 12]
        is_short = _number(entry[2:4], order) == 3
        told[_number(entry[:2], order)] = _number(entry[8 : 10 if is_short else 12], order)
    return told.get(_WIDTH_TAG, 0), told.get(_HEIGHT_TAG, 0)


def _number(content: bytes, order: Literal["little", "big"] = "little") -> int:
    return int.from_bytes(content, order)


_FORMATS: Final[
    tuple[tuple[Callable[[bytes], bool], str, Callable[[bytes, BinaryIO], Size]], ...]
] = (
    (lambda start: start.startswith(b"\xff\xd8\xff"), "JPEG", _jpeg_size),
    (lambda start: start.startswith(b"\x89PNG\r\n\x1a\n"), "PNG", _png_size),
    (lambda start: start.startswith(b"BM"), "BMP", _bmp_size),
    (lambda start: start[:4] == b"RIFF" and start[8:12] == b"WEBP", "WEBP", _webp_size),
    (lambda start: start.startswith((b"GIF87a", b"GIF89a")), "GIF", _gif_size),
    (lambda start: start.startswith((b"II*\0", b"MM\0*")), "TIFF", _tiff_size),
)
