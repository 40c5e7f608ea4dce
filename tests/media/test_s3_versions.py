"""What is read of an object in S3 is all of one content."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import urllib3
from botocore.awsrequest import AWSResponse, HeadersDict

from greenlight.errors import InputError, Overwritten
from greenlight.media import s3
from greenlight.media.places import opened
from greenlight.media.portraits import examine, examine_place
from tests.bucket import Asked, Bucket
from tests.media.s3_places import sentence


async def test_the_whole_object_is_downloaded_only_when_a_file_is_asked_for(
    bucket: Bucket, astronaut: Path, requests: list[Asked]
) -> None:
    text = bucket.put("anna.png", astronaut.read_bytes())
    requests.clear()
    async with opened(text) as place:
        assert not place.is_here
        copy = await place.local_path()
        assert await place.local_path() == copy
        assert (place.is_here, copy.suffix) == (True, ".png")
        assert copy.read_bytes() == astronaut.read_bytes()
        with place.open() as stream:
            assert stream.read(4) == b"\x89PNG"
    assert not copy.exists()
    assert [one.operation for one in requests] == ["HeadObject", "GetObject"]


def breaking_off(content: bytes, times: int) -> Callable[..., AWSResponse | None]:
    """Return a handler that cuts the next answers off in their middle, as a lost connection does."""
    left = [times]

    def cut(request: Any, **_: Any) -> AWSResponse | None:
        if not left[0]:
            return None
        left[0] -= 1
        first = int(request.headers["Range"].decode().removeprefix("bytes=").split("-")[0])
        headers = HeadersDict({"content-length": str(len(content) - first)})
        body = urllib3.HTTPResponse(io.BytesIO(content[first:][:1000]), preload_content=False)
        return AWSResponse(request.url, 206, headers, body)

    return cut


@pytest.mark.parametrize(("times", "arrives"), [(2, True), (3, False)])
async def test_a_download_that_breaks_off_goes_on_from_there(
    times: int,
    arrives: bool,  # noqa: FBT001
    bucket: Bucket,
    astronaut: Path,
    requests: list[Asked],
) -> None:
    content = astronaut.read_bytes()
    text = bucket.put("anna.png", content)
    with bucket.meddling("GetObject", breaking_off(content, times)):
        async with opened(text) as place:
            if arrives:
                assert (await place.local_path()).read_bytes() == content
            else:
                with pytest.raises(InputError, match=r"cannot be read \(IncompleteReadError\)"):
                    await place.local_path()
    ranges = [one.range for one in requests if one.operation == "GetObject"]
    assert ranges == [f"bytes={n * 1000}-{len(content) - 1}" for n in range(3)]


async def test_where_versions_are_kept_everything_is_of_the_one_that_was_found(
    bucket: Bucket, astronaut: Path, requests: list[Asked]
) -> None:
    bucket.keep_versions()
    content = astronaut.read_bytes()
    text = bucket.put("anna.png", content)
    async with opened(text) as place:
        bucket.put("anna.png", b"another one")
        requests.clear()
        assert (await examine_place(place)).size_px == (512, 512)
        assert (await place.local_path()).read_bytes() == content
        url = place.url(60)
        assert url is not None
        assert httpx.get(url).content == content
        assert place.is_fixed
        assert (place.shown, place.name) == (text, "anna.png")
    assert len({one.version for one in requests} - {None}) == 1
    read = [one for one in requests if one.operation == "GetObject"]
    assert [one.if_match for one in read] == [None, None]


@pytest.mark.parametrize("key", ["anna.png", "a?versionId=b/anna.png", "was it anna?.png"])
async def test_a_version_that_is_given_is_read_and_shown(
    key: str, bucket: Bucket, astronaut: Path
) -> None:
    bucket.keep_versions()
    old = bucket.put(key, astronaut.read_bytes())
    version = bucket.client.head_object(Bucket=bucket.name, Key=key)["VersionId"]
    bucket.put(key, b"another one")
    portrait = await examine(f"{old}?versionId={version}")
    assert portrait.size_px == (512, 512)
    assert portrait.shown == f"{old}?versionId={version}"
    assert portrait.name == key.rpartition("/")[2]


async def test_a_version_that_is_not_there_is_told(bucket: Bucket, astronaut: Path) -> None:
    bucket.keep_versions()
    place = bucket.put("anna.png", astronaut.read_bytes())
    assert "cannot be read" in await sentence(f"{place}?versionId=nonsense")


async def test_a_version_that_may_not_be_read_names_the_permission(
    bucket: Bucket, astronaut: Path
) -> None:
    bucket.keep_versions()
    place = bucket.put("anna.png", astronaut.read_bytes())
    told = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"

    def refuse(request: Any, **_: Any) -> AWSResponse:
        body = urllib3.HTTPResponse(io.BytesIO(told), preload_content=False)
        return AWSResponse(request.url, 403, HeadersDict(), body)

    with bucket.meddling("GetObject", refuse):
        told_people = await sentence(place)
    assert "cannot be read (Access Denied); allow s3:GetObjectVersion" in told_people


@pytest.mark.parametrize("status", [None, "Suspended"])
async def test_what_has_no_version_is_read_only_while_it_is_the_same(
    status: str | None, bucket: Bucket, astronaut: Path, requests: list[Asked]
) -> None:
    if status:
        bucket.keep_versions(status)
    text = bucket.put("anna.png", astronaut.read_bytes())
    async with opened(text) as place:
        assert not place.is_fixed
        assert (await examine_place(place)).size_px == (512, 512)
        assert requests[-1].if_match is not None
        assert requests[-1].version is None
        bucket.put("anna.png", astronaut.read_bytes() + b"\0")
        with pytest.raises(Overwritten, match="was overwritten while it was read; run it again"):
            await examine_place(place)
        with pytest.raises(Overwritten, match="was overwritten while it was read"):
            await place.local_path()


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
        with pytest.raises(InputError, match="larger than any model accepts"):
            await place.local_path()
