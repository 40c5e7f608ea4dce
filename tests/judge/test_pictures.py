from __future__ import annotations

import io
import random
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenlight.judge import Judge, UnreadablePicture
from greenlight.judge import pictures as room
from greenlight.judge.pictures import read_picture

PHOTOS = Path(__file__).resolve().parents[1] / "photos"
RED = (200, 30, 40)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes((width * 3 + 1) * 16))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", pixels),
            chunk(b"IEND", b""),
        ]
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_every_format_of_the_vendor_is_read(kind: str) -> None:
    image, size = read_picture(saved(Image.new("RGB", (60, 40), RED), kind))
    assert (image.mode, image.size, size) == ("RGB", (60, 40), (60, 40))
    assert image.getpixel((30, 20)) == pytest.approx(RED, abs=6)


def test_a_phones_multi_picture_file_is_a_jpeg() -> None:
    first, second = Image.new("RGB", (60, 40), RED), Image.new("RGB", (60, 40))
    data = saved(first, "MPO", save_all=True, append_images=[second])
    image, size = read_picture(data)
    assert size == (60, 40)
    assert image.getpixel((30, 20)) == pytest.approx(RED, abs=6)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("CMYK", "JPEG"), ("L", "JPEG"), ("P", "PNG"), ("P", "BMP"), ("1", "PNG"), ("1", "BMP")],
)
def test_every_mode_becomes_colour(mode: str, kind: str) -> None:
    image, _ = read_picture(saved(Image.new("RGB", (60, 40), "white").convert(mode), kind))
    assert image.mode == "RGB"
    assert image.getpixel((30, 20)) == pytest.approx((255, 255, 255), abs=6)


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP")])
def test_transparent_parts_become_white(mode: str, kind: str) -> None:
    clear = Image.new("RGBA", (60, 40), (0, 0, 0, 0)).convert(mode)
    image, _ = read_picture(saved(clear, kind))
    assert image.getpixel((30, 20)) == (255, 255, 255)


def test_a_transparent_colour_of_a_palette_becomes_white() -> None:
    palette = Image.new("P", (60, 40), 0)
    palette.putpalette([0, 0, 0, *RED])
    palette.paste(1, (0, 0, 30, 40))
    image, _ = read_picture(saved(palette, "PNG", transparency=b"\x00\xff"))
    assert image.getpixel((10, 20)) == RED
    assert image.getpixel((50, 20)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    grey = Image.fromarray(np.full((40, 60), 128 * 256, np.uint16))
    image, _ = read_picture(saved(grey, "PNG"))
    assert image.getpixel((30, 20)) == (128, 128, 128)


def test_a_big_jpeg_comes_small_and_keeps_its_real_size() -> None:
    image, size = read_picture(saved(Image.new("RGB", (4000, 3000), RED), "JPEG"))
    assert size == (4000, 3000)
    assert image.size == (1280, 960)


def test_an_exif_rotation_is_not_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    _, size = read_picture(saved(Image.new("RGB", (60, 40)), "JPEG", exif=exif))
    assert size == (60, 40)


@pytest.mark.parametrize(("width", "height"), [(12000, 12000), (30000, 30000), (7001, 7000)])
def test_a_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    bomb = png_that_claims(width, height)
    assert len(bomb) < 20_000
    with pytest.raises(UnreadablePicture, match="nothing above 7000x7000 is decoded"):
        Judge().look_at(bomb)


@pytest.mark.parametrize(
    "data",
    [b"", b"not a picture", b"\xff\xd8\xff", saved(Image.new("P", (40, 40)), "GIF")],
    ids=["empty", "text", "three bytes", "gif"],
)
def test_other_bytes_are_no_picture(data: bytes) -> None:
    with pytest.raises(UnreadablePicture, match=r"no JPEG, PNG, BMP or WebP|the header is cut off"):
        read_picture(data)


@pytest.mark.parametrize("name", ["grace_hopper.jpg", "chelsea.png"])
def test_a_cut_off_picture_is_said_to_be_one(name: str) -> None:
    data = (PHOTOS / name).read_bytes()
    with pytest.raises(UnreadablePicture, match="damaged or cut off"):
        read_picture(data[: len(data) // 2])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_damaged_bytes_are_read_or_refused_and_nothing_else(kind: str) -> None:
    with Image.open(PHOTOS / "chelsea.png") as cat:
        whole = saved(cat.resize((64, 48)), kind)
    chance = random.Random(11)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(min(len(damaged), 600))] = chance.randrange(256)
        try:
            image, _ = read_picture(bytes(damaged))
        except UnreadablePicture:
            continue
        assert image.mode == "RGB"


def test_a_missing_file_is_no_unreadable_picture(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_picture(tmp_path / "missing.jpg")


def test_big_pictures_wait_for_each_other_and_small_ones_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    big = saved(Image.new("L", (2600, 2600)), "PNG")
    small = saved(Image.new("L", (60, 40)), "PNG")
    inside, go_on = threading.Semaphore(0), threading.Event()
    decode = room.working_copy

    def held_up(image: Image.Image) -> Image.Image:
        if image.width == 2600:
            inside.release()
            assert go_on.wait(10)
        return decode(image)

    monkeypatch.setattr(room, "working_copy", held_up)
    threads = [threading.Thread(target=read_picture, args=(big,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert inside.acquire(timeout=10)
    read_picture(small)
    assert not inside.acquire(timeout=0.2)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert inside.acquire(timeout=0)
