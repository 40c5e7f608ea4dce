"""Of a picture in S3 only the header is fetched."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from greenlight.media.portraits import examine
from greenlight.media.ranges import RANGE_BYTES
from tests.bucket import Asked, Bucket
from tests.media.s3_places import sentence


def large_jpeg() -> bytes:
    """Return a photograph of a few megabytes."""
    file = io.BytesIO()
    Image.effect_noise((3000, 2000), 90).convert("RGB").save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture(scope="module")
def large() -> bytes:
    return large_jpeg()


async def test_of_a_large_picture_only_the_header_is_fetched(
    bucket: Bucket, requests: list[Asked], large: bytes
) -> None:
    place = bucket.put("large.jpg", large)
    requests.clear()
    portrait = await examine(place)
    assert (portrait.format, portrait.size_px) == ("JPEG", (3000, 2000))
    assert len(large) > 3_000_000
    assert [(one.operation, one.range) for one in requests] == [
        ("HeadObject", None),
        ("GetObject", "bytes=0-65535"),
    ]


def with_exif_and_profile(content: bytes) -> bytes:
    """Return a JPEG as a camera writes it: an EXIF preview and a colour profile, 500 KB in front."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    with Image.open(io.BytesIO(content)) as image:
        image.save(file, "JPEG", quality="keep", exif=exif, icc_profile=bytes(440_000))
    return file.getvalue()


async def test_a_header_behind_exif_and_a_large_profile_is_found_in_ranges(
    bucket: Bucket, requests: list[Asked], large: bytes
) -> None:
    place = bucket.put("camera.jpg", with_exif_and_profile(large))
    requests.clear()
    assert (await examine(place)).size_px == (3000, 2000)
    ranges = [one.range for one in requests if one.operation == "GetObject"]
    # What a preview and a profile hold is skipped, and the photograph is not read.
    assert len(ranges) < 8
    assert int(str(ranges[-1]).rpartition("-")[2]) < 10 * RANGE_BYTES


@pytest.mark.parametrize("kind", ["VP8 ", "VP8L", "VP8X"])
async def test_of_a_webp_only_the_header_is_fetched(
    kind: str, bucket: Bucket, requests: list[Asked]
) -> None:
    place = bucket.put("anna.webp", webp(kind))
    requests.clear()
    portrait = await examine(place)
    assert (portrait.format, portrait.size_px) == ("WEBP", (701, 503))
    assert [one.range for one in requests] == [None, "bytes=0-65535"]


def webp(kind: str) -> bytes:
    """Return a picture of 701x503 px in one of the three kinds of WebP, of more than 64 KiB."""
    image, file = Image.effect_noise((701, 503), 90), io.BytesIO()
    if kind == "VP8X":
        image.putalpha(Image.effect_noise((701, 503), 40))
    image.save(file, "WEBP", lossless=kind == "VP8L", quality=95)
    content = file.getvalue()
    assert content[12:16] == kind.encode()
    assert len(content) > RANGE_BYTES
    return content


async def test_a_small_object_is_fetched_once_even_if_it_is_no_picture(
    bucket: Bucket, requests: list[Asked]
) -> None:
    place = bucket.put("cut.webp", webp("VP8 ")[:24])
    requests.clear()
    assert "damaged or truncated picture" in await sentence(place)
    assert [one.range for one in requests] == [None, "bytes=0-23"]


async def test_a_header_that_never_ends_is_not_read_for_ever(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, large: bytes
) -> None:
    monkeypatch.setattr("greenlight.media.ranges.MOST_BYTES", 3 * RANGE_BYTES)
    place = bucket.put("camera.jpg", with_exif_and_profile(large))
    assert "does not begin like a picture" in await sentence(place)


async def test_of_a_format_that_no_model_takes_no_more_is_fetched_than_its_name(
    bucket: Bucket, requests: list[Asked]
) -> None:
    file = io.BytesIO()
    Image.effect_noise((900, 900), 120).save(file, "TIFF")
    place = bucket.put("anna.tif", file.getvalue())
    requests.clear()
    portrait = await examine(place)
    assert (portrait.format, portrait.size_px) == ("TIFF", (900, 900))
    assert len(requests) < 4
