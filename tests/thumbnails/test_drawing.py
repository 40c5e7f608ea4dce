"""Small pictures are as small as they are asked for, and the boxes stand where they should."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.thumbnails.drawing import (
    ARTIFACT_BYTES,
    SHEET_BYTES,
    UnreadablePicture,
    annotated,
    data_uri,
    real_size,
    thumbnail,
)
from tests.conftest import SAMPLES

FACE, EXTENDED = (180, 70, 270, 190), (60, 10, 360, 310)
PASSED = EmoVerdict(passed=True, face_bbox=FACE, ext_bbox=EXTENDED)
Pixel = tuple[int, int, int]


def decoded(jpeg: bytes) -> Image.Image:
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.format == "JPEG"
        return image.convert("RGB")


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def is_green(pixel: Pixel) -> bool:
    """Tell by the hue: a JPEG keeps colours at half its size, which pales thin lines."""
    red, green, blue = pixel
    return green > red + 20 and green > blue + 20


def is_amber(pixel: Pixel) -> bool:
    red, green, blue = pixel
    return red > green > blue + 20 and red > blue + 60


@pytest.mark.parametrize("max_bytes", [1_000, SHEET_BYTES, ARTIFACT_BYTES])
@pytest.mark.parametrize(
    "name", ["astronaut.png", "grace_hopper.jpg", "made_two.jpg", "chelsea.png"]
)
def test_a_thumbnail_keeps_to_its_bytes_and_to_the_pictures_shape(
    name: str, max_bytes: int
) -> None:
    jpeg = thumbnail(SAMPLES / name, max_bytes)
    small = decoded(jpeg)
    with Image.open(SAMPLES / name) as real:
        assert len(jpeg) <= max_bytes
        assert small.width / small.height == pytest.approx(real.width / real.height, rel=0.1)
        assert small.width <= real.width
        assert real_size(jpeg) == real.size


def test_more_bytes_are_worth_more_pixels() -> None:
    picture = SAMPLES / "astronaut.png"
    assert decoded(thumbnail(picture)).size == (200, 200)
    assert decoded(thumbnail(picture, ARTIFACT_BYTES)).size == (512, 512)


@pytest.mark.parametrize("max_bytes", [2_000, SHEET_BYTES, ARTIFACT_BYTES])
def test_noise_keeps_to_its_bytes_too(max_bytes: int) -> None:
    noise = Image.effect_noise((1500, 1000), 250).convert("RGB")
    assert len(thumbnail(saved(noise), max_bytes)) <= max_bytes


def test_a_few_bytes_are_too_few() -> None:
    with pytest.raises(ValueError, match="20 bytes"):
        thumbnail(SAMPLES / "astronaut.png", 20)


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (2000, 2)])
def test_the_oddest_shapes_have_thumbnails(size: tuple[int, int]) -> None:
    jpeg = thumbnail(saved(Image.new("RGB", size)))
    assert min(decoded(jpeg).size) >= 1
    assert real_size(jpeg) == size


def test_what_shines_through_becomes_white() -> None:
    jpeg = thumbnail(saved(Image.new("RGBA", (50, 50), (255, 0, 0, 0))))
    assert min(decoded(jpeg).getpixel((25, 25))) > 250  # type: ignore[type-var]


def test_what_is_no_picture_is_named() -> None:
    with pytest.raises(UnreadablePicture):
        thumbnail(b"no picture")
    with pytest.raises(UnreadablePicture):
        annotated((SAMPLES / "astronaut.png").read_bytes()[:500], PASSED)


def test_another_jpeg_does_not_say_what_it_was_made_of() -> None:
    assert real_size(saved(Image.new("RGB", (10, 10)), "JPEG")) is None
    assert real_size(b"no picture") is None


@pytest.mark.parametrize("max_bytes", [SHEET_BYTES, ARTIFACT_BYTES])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_both_boxes_are_drawn_where_they_belong(grey: int, max_bytes: int) -> None:
    jpeg = annotated(saved(Image.new("RGB", (512, 512), (grey, grey, grey))), PASSED, max_bytes)
    drawn = decoded(jpeg)
    scale = drawn.width / 512

    def lowest_line(box: tuple[int, int, int, int]) -> list[Pixel]:
        left, _, right, bottom = (round(side * scale) for side in box)
        return [drawn.getpixel((x, bottom - 2)) for x in range(left + 4, right - 4)]  # type: ignore[misc]

    assert all(map(is_green, lowest_line(FACE)))
    dashed = [is_amber(pixel) for pixel in lowest_line(EXTENDED)]
    assert 0.3 < sum(dashed) / len(dashed) < 0.7
    assert len(jpeg) <= max_bytes
    assert real_size(jpeg) == (512, 512)


def test_a_verdict_without_boxes_leaves_the_picture_as_it_is(astronaut: Path) -> None:
    refused = EmoVerdict(passed=False)
    assert annotated(astronaut, refused, SHEET_BYTES) == thumbnail(astronaut)


@pytest.mark.parametrize(
    "box", [(0, 0, 512, 512), (0, 0, 1, 1), (511, 511, 512, 512), (0, 100, 512, 102)]
)
def test_boxes_at_the_edges_are_drawn_too(astronaut: Path, box: tuple[int, int, int, int]) -> None:
    verdict = EmoVerdict(passed=True, face_bbox=box, ext_bbox=box)
    assert decoded(annotated(astronaut, verdict)).size == (512, 512)


def test_a_jpeg_is_an_address_of_itself() -> None:
    assert data_uri(b"\xff\xd8") == "data:image/jpeg;base64,/9g="
