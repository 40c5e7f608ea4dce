"""A video is shown by a frame from its first third, within bounds, whatever is in the file."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from greenlight.judge.pictures import read_picture
from greenlight.media import frames
from greenlight.media.frames import frame_of, is_video
from greenlight.media.pictures import NoPicture, UnreadablePicture
from greenlight.thumbnails.drawing import real_size, thumbnail
from tests.conftest import SAMPLES

SIZE = (320, 240)


def write(
    path: Path,
    *,
    codec: str = "libx264",
    seconds: int = 6,
    size: tuple[int, int] = SIZE,
    keys_every: int = 250,
) -> Path:
    """Write a video that is red for a fifth of its time, then green, and blue for the last two fifths."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"g": str(keys_every)}
        for number in range(seconds * 10):
            shade = np.zeros((size[1], size[0], 3), np.uint8)
            # The upper half is bright, so that it can be seen which way is up.
            fifths = 5 * number // (seconds * 10)
            shade[: size[1] // 2, :, (fifths + 1) // 2] = 250
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def colour_at(image: Image.Image, place: tuple[int, int]) -> str:
    """Return the colour that is brightest in a place, "" for a dark one."""
    pixel = image.convert("RGB").getpixel(place)
    assert isinstance(pixel, tuple)
    return ("red", "green", "blue")[pixel.index(max(pixel))] if max(pixel) > 120 else ""


@pytest.mark.parametrize("ending", ["mp4", "mov", "avi"])
def test_it_is_shown_by_what_plays_at_a_third(tmp_path: Path, ending: str) -> None:
    image = frame_of(write(tmp_path / f"a.{ending}"))
    assert image.size == SIZE
    assert colour_at(image, (160, 60)) == "green"


def test_a_video_that_was_filmed_lying_is_shown_upright(tmp_path: Path) -> None:
    file = write(tmp_path / "a.mp4")
    content = file.read_bytes()
    header = content.index(b"tkhd") + 4 + 40
    assert content[header : header + 4] == b"\x00\x01\x00\x00", "the matrix leaves all as it is"
    turned = (0, 0x10000, 0, 0x10000 * -1, 0, 0, 0, 0, 0x40000000)
    matrix = b"".join(value.to_bytes(4, "big", signed=True) for value in turned)
    file.write_bytes(content[:header] + matrix + content[header + 36 :])
    image = frame_of(file)
    assert image.size == (240, 320)
    # A quarter to the right: what was above is at the right now.
    assert [colour_at(image, (x, 160)) for x in (60, 180)] == ["", "green"]


def test_a_thumbnail_says_how_large_the_video_is(tmp_path: Path) -> None:
    jpeg = thumbnail(write(tmp_path / "a.mp4", size=(640, 360)))
    assert real_size(jpeg) == (640, 360)
    _, size = read_picture(tmp_path / "a.mp4")
    assert size == (640, 360)


@pytest.mark.parametrize(("limit", "most"), [("MOST_FRAMES", 3), ("MOST_SECONDS", 0.0)])
def test_no_more_is_decoded_than_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: float
) -> None:
    file = write(tmp_path / "a.mp4")
    monkeypatch.setattr(frames, limit, most)
    assert colour_at(frame_of(file), (160, 60)) == "red"


def test_of_a_long_video_only_the_part_before_the_frame_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MOST_FRAMES", 8)
    assert colour_at(frame_of(write(tmp_path / "a.mp4", keys_every=5)), (160, 60)) == "green"


def test_a_video_that_is_larger_than_its_container_says_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "a.mp4", seconds=1)
    content = file.read_bytes()
    place = content.index(b"avc1", content.index(b"stsd")) + 4 + 24
    claimed = (64).to_bytes(2, "big") * 2
    file.write_bytes(content[:place] + claimed + content[place + 4 :])
    monkeypatch.setattr(frames, "MOST_PIXELS", 64 * 64)
    with pytest.raises(UnreadablePicture, match="no frame"):
        frame_of(file)


def test_what_is_too_large_or_coded_otherwise_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write(tmp_path / "a.avi", codec="mpeg4", seconds=1)
    assert is_video(other)
    with pytest.raises(UnreadablePicture, match="no frame of the video can be decoded"):
        thumbnail(other)
    monkeypatch.setattr(frames, "MOST_PIXELS", 320 * 240 - 1)
    with pytest.raises(UnreadablePicture, match="no frame"):
        thumbnail(write(tmp_path / "b.mp4"))


def test_a_video_that_breaks_off_anywhere_is_an_error_of_its_own(tmp_path: Path) -> None:
    whole, file = write(tmp_path / "a.mp4", seconds=1).read_bytes(), tmp_path / "b.mp4"
    chance = np.random.default_rng(7)
    for length in range(0, len(whole), len(whole) // 20):
        damaged = bytearray(whole[:length] + chance.bytes(len(whole) - length))
        file.write_bytes(damaged)
        try:
            assert frame_of(file).size == SIZE
        except UnreadablePicture:
            continue


def test_what_begins_otherwise_is_no_video(tmp_path: Path) -> None:
    assert not is_video(SAMPLES / "astronaut.png")
    assert not is_video(SAMPLES / "hello.mp3")
    with pytest.raises(NoPicture, match="no JPEG, PNG, BMP or WebP"):
        thumbnail(SAMPLES / "hello.mp3")
