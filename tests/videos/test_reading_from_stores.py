"""Portraits are read and handed over from every store that speaks S3."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from greenlight.aws.clients import aws_client
from greenlight.errors import InputError
from greenlight.media.places import opened
from tests.bucket import Bucket
from tests.videos.conftest import Open, unreachable


@pytest.mark.parametrize("name", ["oss", "minio", "r2", "ceph"])
async def test_a_portrait_is_read_and_handed_over_from_every_store(
    name: str, bucket: Bucket, open_store: Open
) -> None:
    store = open_store(name)
    place = bucket.put("in/anna maria+1.png", b"a portrait")
    async with opened(place) as found:
        assert found.open().read() == b"a portrait"
        url = found.url(60)
    assert url is not None
    host = f"{bucket.name}.localhost" if name == "oss" else "localhost"
    assert httpx.URL(url).host == host
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
    assert (answer.status_code, answer.content) == (200, b"a portrait")
    assert store.refused == (["SecondLevelDomainForbidden"] * 2 if name == "oss" else [])


async def test_a_store_that_wants_buckets_in_the_host_says_so_once(
    bucket: Bucket, open_store: Open
) -> None:
    store = open_store("oss")
    for number in range(3):
        async with opened(bucket.put(f"{number}.png", b"a portrait")):
            continue
    assert store.refused == ["SecondLevelDomainForbidden"] * 2
    assert aws_client("s3").list_objects_v2(Bucket=bucket.name)["KeyCount"] == 3


async def test_a_store_that_did_not_say_why_is_asked_again(
    bucket: Bucket, open_store: Open
) -> None:
    open_store("oss")
    place = bucket.put("anna.png", b"a portrait")

    def die(request: Any, **_: Any) -> None:
        unreachable(request)

    reached = Bucket(bucket.name, aws_client("s3"))
    with reached.meddling("ListObjectsV2", die), pytest.raises(InputError, match="cannot be read"):
        await opened(place).__aenter__()
    async with opened(place) as found:
        assert found.size_bytes == len(b"a portrait")


def test_the_vendors_own_store_is_known_without_asking(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://s3.oss-cn-beijing.aliyuncs.com")
    link = aws_client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": "portraits", "Key": "anna.png"}
    )
    assert httpx.URL(link).host == "portraits.s3.oss-cn-beijing.aliyuncs.com"


@pytest.mark.parametrize(
    ("endpoint", "payload"),
    [
        ("https://s3.us-east-1.amazonaws.com", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("https://store.example.com", hashlib.sha256(b"a video").hexdigest()),
    ],
)
def test_nothing_is_sent_in_chunks_to_a_store_that_is_not_aws(
    endpoint: str, payload: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    sent: list[str] = []

    def look(request: Any, **_: Any) -> None:
        value = request.headers["X-Amz-Content-SHA256"]
        sent.append(value.decode() if isinstance(value, bytes) else value)
        raise InterruptedError

    reached = Bucket(bucket.name, aws_client("s3"))
    with reached.meddling("PutObject", look), pytest.raises(InterruptedError):
        reached.put("v.mp4", b"a video")
    assert sent == [payload]
