"""Format and size of a picture are known before anything is decoded, and bound what is."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from greenlight.errors import InputError
from greenlight.media import pictures
from greenlight.media.pictures import (
    Header,
    NoPicture,
    UnreadablePicture,
    open_picture,
    read_header,
)
from greenlight.media.portraits import examine
from tests.conftest import SAMPLES

PHOTOS = Path(__file__).parent / "photos"
MEGABYTE = 1024 * 1024


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return len(content).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)


def png(*edges_px: int, depth: int = 8, colours: int = 6, more: bytes = b"") -> bytes:
    """Return a PNG of nothing, whose rows are really there."""
    width, height = edges_px
    row = bytes(1 + width * depth * {0: 1, 6: 4}[colours] // 8)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([depth, colours, 0, 0, 0])
    parts = (chunk(b"IHDR", header), more, chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def ico() -> bytes:
    """Return an icon that says nothing of the 10,000 px in it."""
    inside = png(10_000, 10_000)
    entry = bytes(6) + b"\x20\0" + len(inside).to_bytes(4, "little") + (22).to_bytes(4, "little")
    return b"\0\0\1\0\1\0" + entry + inside


def texts() -> bytes:
    """Return a small PNG with texts and a profile that unpack to a gigabyte."""
    packed = zlib.compress(bytes(10 * MEGABYTE), 9)
    text = chunk(b"zTXt", b"a\0\0" + packed) + chunk(b"iTXt", b"b\0\1\0\0\0" + packed)
    return png(500, 500, more=chunk(b"iCCP", b"c\0\0" + packed) + 50 * text)


def jpeg_with_segments() -> bytes:
    """Return a JPEG behind 60 megabytes of EXIF and profile."""
    whole = saved(Image.new("RGB", (500, 500)), "JPEG")
    exif = b"\xff\xe1\xff\xffExif\0\0" + bytes(0xFFF7)
    profile = b"\xff\xe2\xff\xffICC_PROFILE\0\1\1" + bytes(0xFFEF)
    return whole[:2] + 480 * (exif + profile) + whole[2:]


def animation() -> bytes:
    """Return a WebP of many pictures of 4 megapixels."""
    frames = [Image.new("RGB", (2000, 2000), (shade, 0, 0)) for shade in range(40)]
    return saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])


def webp_canvas() -> bytes:
    return b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + 2 * b"\xff\x3f\0"


def bmp_canvas() -> bytes:
    header = (40).to_bytes(4, "little") + 2 * (30_000).to_bytes(4, "little") + b"\1\0\x18\0"
    return b"BM" + bytes(8) + b"\x36\0\0\0" + header + bytes(24)


BOMBS: dict[str, Callable[[], bytes]] = {
    "icon": ico,
    "png of 12,000 px": lambda: png(12_000, 12_000, depth=1, colours=0),
    "png canvas of 30,000 px": lambda: png(30_000, 1)[:16] + 2 * (30_000).to_bytes(4) + bytes(99),
    "webp canvas of 16,384 px": webp_canvas,
    "bmp canvas of 30,000 px": bmp_canvas,
    "gif canvas of 65,535 px": lambda: b"GIF89a" + 4 * b"\xff" + bytes(100),
    "png with texts": texts,
    "jpeg with profiles": jpeg_with_segments,
    "webp animation": animation,
}
MOST_MEGABYTES = 100

# In a process of its own, whose peak is nobody else's.
PEAK = """
import asyncio, sys
from pathlib import Path
from greenlight.errors import InputError
from greenlight.judge.pictures import UnreadablePicture
from greenlight.media.portraits import examine
from greenlight.thumbnails.drawing import thumbnail
from PIL import Image

def peak():
    # The peak that `resource` tells begins with that of the process that started this one.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

Image.init()
before = peak()
try:
    asyncio.run(examine(sys.argv[1]))
except InputError:
    pass
try:
    thumbnail(Path(sys.argv[1]))
except UnreadablePicture:
    pass
print((peak() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read where Linux tells it")
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_takes_little_memory(bomb: str, tmp_path: Path) -> None:
    file = tmp_path / "bomb.png"
    file.write_bytes(BOMBS[bomb]())
    asked = [sys.executable, "-c", PEAK, str(file)]
    # Of a file that is read whole, its own bytes do not count.
    own = file.stat().st_size // MEGABYTE
    assert int(subprocess.check_output(asked, text=True, timeout=60)) < MOST_MEGABYTES + own


@pytest.mark.parametrize("photo", sorted(PHOTOS.glob("*.[jp][pn]g")), ids=lambda one: one.name)
def test_a_photograph_is_told_as_its_decoder_does(photo: Path) -> None:
    with Image.open(photo) as image, photo.open("rb") as stream:
        assert read_header(stream) == Header(str(image.format), image.size)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_named_format_is_told_with_its_size(kind: str, mode: str) -> None:
    content = saved(Image.new(mode, (701, 503)), kind)
    assert read_header(io.BytesIO(content)) == Header(kind, (701, 503))


@pytest.mark.parametrize(
    "options",
    [
        {"progressive": True},
        {"exif": b"Exif\0\0" + bytes(60_000)},
        {"icc_profile": bytes(500_000)},
        {"comment": "c" * 60_000},
        {"restart_marker_blocks": 1},
    ],
    ids=lambda one: next(iter(one)),
)
def test_a_jpeg_is_told_whatever_stands_before_its_size(options: dict[str, object]) -> None:
    content = saved(Image.new("RGB", (701, 503)), "JPEG", **options)
    assert read_header(io.BytesIO(content)) == Header("JPEG", (701, 503))


def test_bytes_that_fill_up_a_jpeg_are_passed_over() -> None:
    content = saved(Image.new("RGB", (701, 503)), "JPEG")
    filled = content[:2] + 5 * b"\xff" + content[2:]
    assert read_header(io.BytesIO(filled)).size_px == (701, 503)


def test_an_old_bitmap_and_one_that_begins_at_the_top_are_told() -> None:
    old = b"BM" + bytes(12) + b"\x0c\0\0\0" + b"\xbd\2\xf7\1" + bytes(20)
    assert read_header(io.BytesIO(old)) == Header("BMP", (701, 503))
    top = bytearray(saved(Image.new("RGB", (701, 503)), "BMP"))
    top[22:26] = (-503).to_bytes(4, "little", signed=True)
    with open_picture(io.BytesIO(bytes(top))) as image:
        assert image.size == (701, 503)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_is_told_in_either_order_of_bytes(order: str) -> None:
    image = Image.new("I;16B" if order == ">" else "I;16", (701, 503))
    assert read_header(io.BytesIO(saved(image, "TIFF"))) == Header("TIFF", (701, 503))


@pytest.mark.parametrize("kind", ["ICO", "PPM", "TGA", "AVIF", "PDF"])
async def test_a_format_that_is_not_named_is_none(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "anna.png"
    Image.new("RGB", (200, 200)).save(file, kind)
    with file.open("rb") as stream, pytest.raises(NoPicture):
        read_header(stream)
    with pytest.raises(InputError, match="not a picture that can be read"):
        await examine(str(file))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF"])
def test_a_header_that_is_cut_off_anywhere_is_told(kind: str) -> None:
    content = saved(Image.new("RGB", (60, 40)), kind)
    read = set()
    for length in range(len(content)):
        try:
            read.add(read_header(io.BytesIO(content[:length])))
        except UnreadablePicture:
            assert not read, "less says more"
    assert read == {Header(kind, (60, 40))}


@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"\xff\xe1\0\2"])
def test_a_jpeg_without_an_end_to_its_header_is_given_up(filler: bytes) -> None:
    with pytest.raises(UnreadablePicture, match="says no size"):
        read_header(io.BytesIO(b"\xff\xd8\xff\xe1\0\2" + filler * 2_000_000))


def test_a_picture_that_says_two_sizes_is_not_decoded() -> None:
    small, huge = png(60, 40), png(30_000, 1)
    header = chunk(b"IHDR", huge[16:20] + (30_000).to_bytes(4) + huge[24:29])
    for second in (png(60, 41)[8:33], header):
        with pytest.raises(UnreadablePicture, match="two sizes"):
            open_picture(io.BytesIO(small[:33] + second + small[33:]))


async def test_a_gif_is_named_and_never_decoded(tmp_path: Path) -> None:
    file = tmp_path / "anna.gif"
    file.write_bytes(saved(Image.new("P", (500, 400)), "GIF")[:40])
    assert (await examine(str(file))).format == "GIF"
    with file.open("rb") as stream, pytest.raises(NoPicture):
        open_picture(stream)


async def test_large_portraits_are_decoded_one_at_a_time(tmp_path: Path) -> None:
    large, small = tmp_path / "large.png", SAMPLES / "astronaut.png"
    large.write_bytes(png(3000, 2000))
    with pictures._one_big_picture:
        waiting = asyncio.create_task(examine(str(large)))
        for _ in range(5):
            await examine(str(small))
        assert not waiting.done()
    assert (await waiting).size_px == (3000, 2000)


def test_nobody_lifts_pillows_own_bound() -> None:
    code = "import greenlight.studio.inputs, greenlight.media.portraits; from PIL import Image; "
    asked = [sys.executable, "-c", f"{code}print(Image.MAX_IMAGE_PIXELS)"]
    assert subprocess.check_output(asked, text=True, cwd=SAMPLES.parent) != "None\n"
