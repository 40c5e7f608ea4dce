"""What lies below a prefix, as moto lists it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from greenlight.errors import InputError
from greenlight.media.listing import StoredObject, list_objects
from greenlight.media.places import opened
from tests.bucket import Asked, Bucket
from tests.media.s3_places import HARD_KEYS


@pytest.fixture
def _three_a_page(bucket: Bucket) -> Iterator[None]:
    def small(params: dict[str, object], **_: object) -> dict[str, object]:
        return params | {"MaxKeys": 3}

    event = "provide-client-params.s3.ListObjectsV2"
    bucket.client.meta.events.register(event, small)
    yield
    bucket.client.meta.events.unregister(event, small)


def places(prefix: str) -> list[str]:
    return [stored.place for page in list_objects(prefix) for stored in page]


def only(prefix: str) -> StoredObject:
    ((stored,),) = list_objects(prefix)
    return stored


def test_a_prefix_lists_its_objects_in_the_order_of_their_keys(bucket: Bucket) -> None:
    for key in ("in/b.png", "in/a.png", "in/", "in/deep/c.png", "inner.png"):
        bucket.put(key, b"x" if not key.endswith("/") else b"")
    root = f"s3://{bucket.name}"
    assert places(f"{root}/in/") == [
        f"{root}/in/a.png",
        f"{root}/in/b.png",
        f"{root}/in/deep/c.png",
    ]
    assert list(list_objects(f"{root}/elsewhere/")) == []


@pytest.mark.parametrize("key", HARD_KEYS)
def test_a_key_is_listed_as_it_stands(key: str, bucket: Bucket) -> None:
    place = bucket.put(key, b"x")
    stored = only(f"s3://{bucket.name}/")
    assert (stored.place, stored.bucket, stored.key) == (place, bucket.name, key)


def test_an_object_is_listed_with_what_identifies_it(bucket: Bucket) -> None:
    bucket.put("anna.png", b"anna")
    stored = only(f"s3://{bucket.name}/")
    assert stored.etag == hashlib.md5(b"anna", usedforsecurity=False).hexdigest()
    assert stored.size_bytes == 4
    assert not stored.has_sha256


async def test_what_the_listing_sees_is_the_identity_where_there_is_no_sha256(
    bucket: Bucket,
) -> None:
    bucket.put("1 plain", b"anna")
    bucket.put("2 summed", b"anna", ChecksumAlgorithm="SHA256")
    bucket.put_in_parts("3 in parts", [b"a" * 5 * 1024 * 1024, b"b"])
    (listed,) = list_objects(f"s3://{bucket.name}/")
    assert [stored.has_sha256 for stored in listed] == [False, True, False]
    for stored in listed:
        async with opened(stored.place) as place:
            assert (place.identity == stored.seen) is not stored.has_sha256
            assert place.seen == stored.seen


async def test_a_listing_and_the_object_itself_are_seen_alike_whatever_sums_it_has(
    bucket: Bucket,
) -> None:
    bucket.put("1 plain", b"anna")
    bucket.put("2 summed", b"anna", ChecksumAlgorithm="SHA256")
    bucket.put("3 summed otherwise", b"anna", ChecksumAlgorithm="CRC32")
    bucket.put_in_parts("4 in one part", [b"anna"])
    bucket.put_in_parts("5 in parts", [b"a" * 5 * 1024 * 1024, b"b"])
    bucket.client.copy_object(
        Bucket=bucket.name, Key="6 a copy", CopySource=f"{bucket.name}/2 summed"
    )
    (listed,) = list_objects(f"s3://{bucket.name}/")
    seen = []
    for stored in listed:
        async with opened(stored.place) as place:
            assert place.seen == stored.seen
            assert place.seen.endswith("-sha256") is place.identity.startswith("sha256-")
        seen.append(stored.seen)
    plain, summed, otherwise, *in_parts, copy = seen
    assert (plain, summed) == (otherwise, copy)
    assert len({plain, summed, *in_parts}) == 4


@pytest.mark.usefixtures("_three_a_page")
def test_a_long_list_is_read_page_by_page_as_it_is_asked_for(
    bucket: Bucket, requests: list[Asked]
) -> None:
    stored = [bucket.put(f"{number:02}.png", b"x") for number in range(7)]
    requests.clear()
    pages = list_objects(f"s3://{bucket.name}/")
    assert requests == []
    assert [one.place for one in next(pages)] == stored[:3]
    assert len(requests) == 1
    assert [one.place for page in pages for one in page] == stored[3:]
    assert [one.operation for one in requests] == ["ListObjectsV2"] * 3


@pytest.mark.usefixtures("_three_a_page")
def test_a_page_of_folders_does_not_end_the_list(bucket: Bucket) -> None:
    for number in range(4):
        bucket.put(f"{number}/", b"")
    place = bucket.put("4.png", b"x")
    pages = [[one.place for one in page] for page in list_objects(f"s3://{bucket.name}/")]
    assert pages == [[place]]


@pytest.mark.parametrize("prefix", ["s3://no-such-bucket-anywhere/", "s3://"])
def test_what_cannot_be_listed_is_told(prefix: str, bucket: Bucket) -> None:
    with pytest.raises(InputError, match=r"cannot be listed|names no bucket"):
        next(list_objects(prefix))
