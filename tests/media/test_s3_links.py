"""Links into S3 are signed in the region of their bucket, whatever AWS_DEFAULT_REGION says."""

from __future__ import annotations

import io
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import EndpointConnectionError
from urllib3 import HTTPResponse

from greenlight.aws.clients import aws_client
from greenlight.aws.links import sign_link
from greenlight.media.delivery import deliver_for_check
from greenlight.media.places import opened
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from tests.bucket import Asked, Bucket, refuse, watch_requests
from tests.regions import region_signed_for

CHECK = catalog.family("emo").check.model.id
Answer = Callable[..., Any]


@pytest.fixture
def asked(bucket_abroad: Bucket) -> Iterator[list[Asked]]:
    """The requests that this process sends to the S3 abroad from now on."""
    with watch_requests(bucket_abroad.client) as sent:
        yield sent


def operations(asked: list[Asked]) -> list[str]:
    return [one.operation for one in asked]


def link(bucket: Bucket, key: str = "anna.png") -> str:
    return sign_link(bucket.client, {"Bucket": bucket.name, "Key": key}, lifetime_seconds=60)


def telling(region: str | None, status: int = 200) -> Answer:
    """Return what answers a HeadBucket so, and names a region or none."""

    def answer(request: Any, **_: object) -> Any:
        headers = HeadersDict({"x-amz-bucket-region": region} if region is not None else {})
        body = HTTPResponse(io.BytesIO(b""), preload_content=False)
        return AWSResponse(request.url, status, headers, body)

    return answer


async def test_a_link_into_another_region_is_signed_for_it_and_works(
    bucket_abroad: Bucket, astronaut: Path, client: ModelStudio
) -> None:
    content = astronaut.read_bytes()
    portrait = await examine(bucket_abroad.put("anna.png", content))
    handed = await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")
    assert region_signed_for(handed.url) == "ap-southeast-1"
    answer = httpx.get(handed.url)
    assert (answer.status_code, answer.content) == (200, content)


async def test_an_old_version_of_another_region_has_a_link_that_works(
    bucket_abroad: Bucket,
) -> None:
    bucket_abroad.keep_versions()
    place = bucket_abroad.put("anna.png", b"first")
    async with opened(place) as found:
        bucket_abroad.put("anna.png", b"second")
        url = found.url(60)
    assert url is not None
    assert httpx.get(url).content == b"first"


async def test_a_bucket_is_asked_for_its_region_once(
    bucket_abroad: Bucket, asked: list[Asked]
) -> None:
    places = [bucket_abroad.put(f"{number}.png", b"png") for number in range(3)]
    asked.clear()
    for place in places:
        async with opened(place) as found:
            assert found.url(60) != found.url(90)
    assert operations(asked) == ["HeadObject", "HeadBucket", "HeadObject", "HeadObject"]


async def test_nobody_is_asked_where_no_link_is_wanted(
    bucket_abroad: Bucket, asked: list[Asked]
) -> None:
    async with opened(bucket_abroad.put("anna.png", b"png")) as found:
        await found.local_path()
    assert "HeadBucket" not in operations(asked)


def test_many_threads_at_once_ask_once(bucket_abroad: Bucket, asked: list[Asked]) -> None:
    bucket_abroad.put("anna.png", b"png")
    asked.clear()
    together = threading.Barrier(8)

    def sign(number: int) -> str:
        together.wait()
        return link(bucket_abroad, f"{number}.png")

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(sign, range(8)))
    assert {region_signed_for(one) for one in found} == {"ap-southeast-1"}
    assert operations(asked) == ["HeadBucket"]


def test_buckets_of_several_regions_are_told_apart(bucket_abroad: Bucket) -> None:
    here = Bucket(f"{bucket_abroad.name}-here", bucket_abroad.client)
    here.client.create_bucket(Bucket=here.name)
    for _ in range(2):
        found = [region_signed_for(link(one)) for one in (bucket_abroad, here)]
        assert found == ["ap-southeast-1", "us-east-1"]


@pytest.mark.parametrize(
    ("answer", "region"),
    [
        (refuse, "us-east-1"),
        (telling("ap-southeast-1", 403), "ap-southeast-1"),
        (telling(None), "us-east-1"),
        (telling(""), "us-east-1"),
        (telling("not a region/"), "us-east-1"),
        (telling(None, 404), "us-east-1"),
    ],
    ids=["forbidden", "forbidden, but told", "not told", "empty", "nonsense", "unknown"],
)
def test_what_a_bucket_answers_decides_once(answer: Answer, region: str, bucket: Bucket) -> None:
    with bucket.meddling("HeadBucket", answer), watch_requests(bucket.client) as asked:
        assert [region_signed_for(link(bucket)) for _ in range(3)] == [region] * 3
    assert operations(asked).count("HeadBucket") == 1


def unreachable(request: Any, **_: object) -> Any:
    raise EndpointConnectionError(endpoint_url=request.url)


@pytest.mark.parametrize("answer", [unreachable, telling(None, 503)], ids=["no connection", "busy"])
def test_who_does_not_answer_is_asked_again_for_the_next_link(
    answer: Answer, bucket_abroad: Bucket
) -> None:
    with bucket_abroad.meddling("HeadBucket", answer):
        assert region_signed_for(link(bucket_abroad)) == "us-east-1"
    assert region_signed_for(link(bucket_abroad)) == "ap-southeast-1"


@pytest.mark.parametrize(
    ("region", "name", "host"),
    [
        ("ap-southeast-1", "portraits", "portraits.s3.ap-southeast-1.amazonaws.com"),
        ("ap-southeast-3", "portraits", "portraits.s3.ap-southeast-3.amazonaws.com"),
        ("ap-southeast-1", "my.portraits", "s3.ap-southeast-1.amazonaws.com"),
        ("us-east-1", "portraits", "portraits.s3.amazonaws.com"),
        ("cn-north-1", "portraits", "portraits.s3.cn-north-1.amazonaws.com.cn"),
    ],
)
@pytest.mark.parametrize("default", ["us-east-1", "ap-southeast-3"])
@pytest.mark.usefixtures("bucket")
def test_a_link_of_aws_leads_to_the_host_of_the_bucket_s_region(
    default: str, region: str, name: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", default)
    own = uuid.uuid4().hex
    bucket = Bucket(f"{own}{name}", aws_client("s3"))
    with bucket.meddling("HeadBucket", telling(region)):
        found = link(bucket)
    assert (httpx.URL(found).host.removeprefix(own), region_signed_for(found)) == (host, region)


@pytest.mark.usefixtures("bucket")
def test_a_store_under_a_name_keeps_its_buckets_in_the_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://store.example.com")
    bucket = Bucket("portraits", aws_client("s3"))
    with bucket.meddling("HeadBucket", telling("garage")):
        found = link(bucket)
    assert found.startswith("https://store.example.com/portraits/anna.png?")
    assert region_signed_for(found) == "garage"
