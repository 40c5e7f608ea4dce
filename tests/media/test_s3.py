"""Portraits in S3, as moto plays it."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import httpx
import pytest

from greenlight.media import s3
from greenlight.media.places import opened
from greenlight.media.portraits import examine
from tests.bucket import NOBODYS_ACCOUNT, SECRET, SURROUNDINGS, Bucket
from tests.media.s3_places import HARD_KEYS, sentence


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


@pytest.mark.parametrize("key", HARD_KEYS)
async def test_a_key_is_taken_as_it_stands(key: str, bucket: Bucket, astronaut: Path) -> None:
    place = bucket.put(key, astronaut.read_bytes())
    portrait = await examine(place)
    assert portrait.size_px == (512, 512)
    async with opened(portrait.place) as found:
        url = found.url(60)
    assert url is not None
    assert httpx.get(url).content == astronaut.read_bytes()


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


async def test_an_object_that_is_missing_is_told(bucket: Bucket) -> None:
    assert "nobody.png cannot be read (Not Found)" in await sentence(
        f"s3://{bucket.name}/nobody.png"
    )


async def test_a_bucket_that_is_missing_is_told(bucket: Bucket) -> None:
    assert "cannot be read" in await sentence("s3://no-such-bucket-anywhere/anna.png")


async def test_an_empty_object_is_told(bucket: Bucket) -> None:
    assert "is empty" in await sentence(bucket.put("empty.png", b""))


async def test_an_object_that_is_no_picture_is_told(bucket: Bucket) -> None:
    assert "not a picture that can be read" in await sentence(bucket.put("text.png", b"text" * 999))


@pytest.mark.parametrize("place", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key"])
async def test_a_place_without_bucket_or_key_is_told(place: str) -> None:
    assert "names no object" in await sentence(place)


@pytest.mark.parametrize(
    ("surroundings", "words"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Unable to locate credentials"),
        (SURROUNDINGS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "no connection"),
        (SURROUNDINGS | {"AWS_ENDPOINT_URL": "nowhere"}, "check AWS_ENDPOINT_URL"),
    ],
    ids=["no credentials", "unreachable", "no address"],
)
async def test_an_s3_that_cannot_be_used_is_told(
    surroundings: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (NOBODYS_ACCOUNT | surroundings).items():
        monkeypatch.setenv(name, value)
    assert words in await sentence("s3://portraits/anna.png")
