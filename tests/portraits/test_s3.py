"""Portraits in S3, as moto plays it."""

from __future__ import annotations

import base64
import hashlib
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from greenlight.errors import GreenlightError, InputError, explain
from greenlight.portraits import s3
from greenlight.portraits.pictures import examine, examine_place
from greenlight.portraits.places import opened
from tests.bucket import NOBODYS_ACCOUNT, SECRET, SURROUNDINGS, Bucket

HARD_KEYS = ["a b/anna +1.png", "100%/50%25.png", "人像/安娜.png", "a&b=c?d#e.png", "quote'\".png"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return the S3 calls that are made from now on, with the bytes that each brought."""
    made: list[tuple[str, int]] = []

    def count(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        brought = parsed.get("ContentLength", 0) if model.name == "GetObject" else 0
        made.append((model.name, brought))

    def watched() -> Any:
        client = make()
        client.meta.events.register("after-call.s3", count)
        return client

    make = s3.s3_client
    monkeypatch.setattr(s3, "s3_client", watched)
    return made


def large_jpeg() -> bytes:
    """Return a photograph of a few megabytes."""
    file = io.BytesIO()
    Image.effect_noise((3000, 2000), 90).convert("RGB").save(file, "JPEG", quality=95)
    return file.getvalue()


async def test_an_object_with_a_sha256_is_the_same_portrait_as_the_file(
    bucket: Bucket, astronaut: Path
) -> None:
    place = bucket.put("anna.png", astronaut.read_bytes(), ChecksumAlgorithm="SHA256")
    there, here = await examine(place), await examine(str(astronaut))
    assert there.identity == here.identity
    assert (there.size_px, there.size_bytes) == (here.size_px, here.size_bytes)
    assert (there.place, there.shown, there.name) == (place, place, "anna.png")


async def test_an_object_without_one_is_known_by_etag_and_size(
    bucket: Bucket, astronaut: Path
) -> None:
    content = astronaut.read_bytes()
    portrait = await examine(bucket.put("anna.png", content))
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert portrait.identity == f"etag-{etag}-{len(content)}"


async def test_the_checksum_of_a_multipart_upload_is_not_taken_for_one_of_its_content(
    bucket: Bucket,
) -> None:
    async with opened(bucket.put_in_parts("a.bin", [b"a" * 5 * 1024 * 1024, b"b"])) as place:
        assert place.identity.startswith("etag-")
        assert place.identity.endswith(f"-2-{5 * 1024 * 1024 + 1}")


@pytest.mark.parametrize(
    "told",
    [
        {"ChecksumSHA256": "E4AsxiCLnE6tObqBqzJS53o+bEQS08I4AIQIPu6/vdQ=-2"},
        {
            "ChecksumSHA256": "E4AsxiCLnE6tObqBqzJS53o+bEQS08I4AIQIPu6/vdQ=",
            "ChecksumType": "COMPOSITE",
        },
        {"ChecksumCRC32": "iEhj0g=="},
    ],
)
def test_a_checksum_of_parts_or_of_another_kind_identifies_nothing(told: dict[str, str]) -> None:
    head = {"ETag": '"ab-2"', "ContentLength": 7} | told
    assert s3.identity_of(head) == "etag-ab-2-7"


def test_a_checksum_of_the_whole_object_identifies_it() -> None:
    digest = hashlib.sha256(b"anna").digest()
    head = {
        "ETag": '"ab"',
        "ContentLength": 4,
        "ChecksumSHA256": base64.b64encode(digest).decode(),
        "ChecksumType": "FULL_OBJECT",
    }
    assert s3.identity_of(head) == f"sha256-{digest.hex()}"


async def test_of_a_large_picture_only_the_header_is_fetched(
    bucket: Bucket, calls: list[tuple[str, int]]
) -> None:
    content = large_jpeg()
    portrait = await examine(bucket.put("large.jpg", content))
    assert (portrait.format, portrait.size_px) == ("JPEG", (3000, 2000))
    assert len(content) > 1024 * 1024
    assert calls == [("HeadObject", 0), ("GetObject", s3.RANGE_BYTES)]


async def test_a_header_behind_a_long_preamble_is_found_in_ranges(
    bucket: Bucket, calls: list[tuple[str, int]]
) -> None:
    content = large_jpeg()
    # Cameras write previews and comments of up to 64 KB each before the header.
    comment = b"\xff\xfe\xff\xff" + bytes(0xFFFF - 2)
    portrait = await examine(bucket.put("camera.jpg", content[:2] + comment * 5 + content[2:]))
    assert portrait.size_px == (3000, 2000)
    assert sum(brought for _, brought in calls) < 9 * s3.RANGE_BYTES


async def test_the_whole_object_is_downloaded_only_when_a_file_is_asked_for(
    bucket: Bucket, astronaut: Path, calls: list[tuple[str, int]]
) -> None:
    async with opened(bucket.put("anna.png", astronaut.read_bytes())) as place:
        assert not place.is_here
        copy = await place.local_path()
        assert await place.local_path() == copy
        assert (place.is_here, copy.suffix) == (True, ".png")
        assert copy.read_bytes() == astronaut.read_bytes()
        with place.open() as stream:
            assert stream.read(4) == b"\x89PNG"
    assert not copy.exists()
    assert sum(brought for _, brought in calls) == astronaut.stat().st_size


@pytest.mark.parametrize("key", HARD_KEYS)
async def test_a_key_is_taken_as_it_stands(key: str, bucket: Bucket, astronaut: Path) -> None:
    place = bucket.put(key, astronaut.read_bytes())
    portrait = await examine(place)
    assert portrait.size_px == (512, 512)
    async with opened(portrait.place) as found:
        url = found.url(60)
    assert url is not None
    assert httpx.get(url).content == astronaut.read_bytes()
    assert s3.list_pictures(f"s3://{bucket.name}/") == [place]


async def test_the_presigned_address_works_and_is_shown_nowhere(
    bucket: Bucket, astronaut: Path
) -> None:
    async with opened(bucket.put("anna.png", astronaut.read_bytes())) as place:
        url = place.url(60)
        assert url is not None
        signature = url.partition("X-Amz-Signature=")[2]
        assert len(signature) == 64
        assert httpx.get(url).content == astronaut.read_bytes()
        told = f"{place.shown} {place.name} {place!r} {place.identity}"
    portrait = await examine(place.text)
    assert signature not in told + repr(portrait)
    assert SECRET not in told + repr(portrait)


async def test_the_scheme_may_be_written_large(bucket: Bucket, astronaut: Path) -> None:
    place = bucket.put("anna.png", astronaut.read_bytes())
    assert (await examine(f"S3{place[2:]}")).size_px == (512, 512)


def test_a_prefix_lists_its_objects_in_the_order_of_their_keys(bucket: Bucket) -> None:
    for key in ("in/b.png", "in/a.png", "in/", "in/deep/c.png", "inner.png"):
        bucket.put(key, b"x" if not key.endswith("/") else b"")
    root = f"s3://{bucket.name}"
    listed = [f"{root}/in/a.png", f"{root}/in/b.png", f"{root}/in/deep/c.png"]
    assert s3.list_pictures(f"{root}/in/") == listed
    assert s3.list_pictures(f"{root}/elsewhere/") == []


def test_a_long_list_is_read_page_by_page(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [bucket.put(f"{number:02}.png", b"x") for number in range(7)]
    client = s3.s3_client()
    client.meta.events.register(
        "provide-client-params.s3.ListObjectsV2", lambda params, **_: params | {"MaxKeys": 3}
    )
    monkeypatch.setattr(s3, "s3_client", lambda: client)
    assert s3.list_pictures(f"s3://{bucket.name}/") == places


async def sentence(place: str) -> str:
    """Return the one sentence that says why a place cannot be read."""
    with pytest.raises(GreenlightError) as caught:
        await examine(place)
    told = explain(caught.value).message
    assert told.endswith("nothing was spent.")
    assert "\n" not in told
    assert SECRET not in told
    return told


async def test_an_object_that_is_missing_is_told(bucket: Bucket) -> None:
    assert "nobody.png cannot be read (Not Found)" in await sentence(
        f"s3://{bucket.name}/nobody.png"
    )


async def test_a_bucket_that_is_missing_is_told(bucket: Bucket) -> None:
    assert "cannot be read" in await sentence("s3://no-such-bucket-anywhere/anna.png")
    with pytest.raises(InputError, match="cannot be listed"):
        s3.list_pictures("s3://no-such-bucket-anywhere/")


async def test_an_empty_object_is_told(bucket: Bucket) -> None:
    assert "is empty" in await sentence(bucket.put("empty.png", b""))


async def test_an_object_that_is_no_picture_is_told(bucket: Bucket) -> None:
    assert "no picture that can be read" in await sentence(bucket.put("text.png", b"text" * 999))


@pytest.mark.parametrize("place", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key"])
async def test_a_place_without_bucket_or_key_is_told(place: str) -> None:
    assert "names no object" in await sentence(place)


async def test_an_object_that_vanishes_while_it_is_read_is_told(
    bucket: Bucket, astronaut: Path
) -> None:
    async with opened(bucket.put("anna.png", astronaut.read_bytes())) as place:
        bucket.client.delete_object(Bucket=bucket.name, Key="anna.png")
        with pytest.raises(InputError, match="cannot be read"):
            await examine_place(place)
        with pytest.raises(InputError, match="cannot be read"):
            await place.local_path()


async def test_a_file_is_not_made_of_an_object_larger_than_any_model_takes(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "MAX_DOWNLOAD_BYTES", 10)
    async with opened(bucket.put("large.mp4", bytes(11))) as place:
        with pytest.raises(InputError, match="larger than any model takes"):
            await place.local_path()


@pytest.mark.parametrize(
    ("surroundings", "words"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "NoCredentialsError"),
        (SURROUNDINGS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "EndpointConnectionError"),
        (SURROUNDINGS | {"AWS_ENDPOINT_URL": "nowhere"}, "look at AWS_ENDPOINT_URL"),
    ],
    ids=["no credentials", "unreachable", "no address"],
)
async def test_an_s3_that_cannot_be_used_is_told(
    surroundings: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for name, value in (NOBODYS_ACCOUNT | surroundings).items():
        monkeypatch.setenv(name, value)
    assert words in await sentence("s3://portraits/anna.png")
