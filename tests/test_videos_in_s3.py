"""A finished video in a bucket: one put, never over another one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from greenlight.collecting import collect
from greenlight.errors import InputError, StorageError
from greenlight.ledger import JobState
from greenlight.portraits.s3 import s3_client
from greenlight.videos_in_s3 import require_bucket, store_in_s3
from tests.bucket import Bucket
from tests.conftest import SAMPLES
from tests.production import Production
from tests.website import Website

FILM = (SAMPLES / "wave.mp4").read_bytes()
SHA256 = hashlib.sha256(FILM).hexdigest()


async def test_a_video_is_put_with_its_sha256_and_job(bucket: Bucket, website: Website) -> None:
    place = f"s3://{bucket.name}/videos/anna.mp4"
    stored = await store_in_s3(website.put("/v.mp4", FILM), place, job="job-1")
    assert (stored.place, stored.sha256) == (place, SHA256)
    found = s3_client().get_object(Bucket=bucket.name, Key="videos/anna.mp4")
    assert found["Body"].read() == FILM
    assert found["ContentType"] == "video/mp4"
    assert found["Metadata"] == {"sha256": SHA256, "job": "job-1"}


async def test_the_same_video_again_is_no_fault_and_another_one_is_never_overwritten(
    bucket: Bucket, website: Website
) -> None:
    place = f"s3://{bucket.name}/anna.mp4"
    url = website.put("/v.mp4", FILM)
    for _ in range(2):
        await store_in_s3(url, place, job="job-1")
    s3_client().put_object(Bucket=bucket.name, Key="other.mp4", Body=b"another one")
    with pytest.raises(StorageError, match="cannot be stored"):
        await store_in_s3(url, f"s3://{bucket.name}/other.mp4", job="job-1")
    kept = s3_client().get_object(Bucket=bucket.name, Key="other.mp4")["Body"].read()
    assert kept == b"another one"


async def test_what_is_no_video_is_not_put(bucket: Bucket, website: Website) -> None:
    with pytest.raises(StorageError):
        await store_in_s3(website.put("/v.mp4", b"no"), f"s3://{bucket.name}/v.mp4", job="j")
    assert s3_client().list_objects_v2(Bucket=bucket.name)["KeyCount"] == 0


async def test_a_job_is_collected_into_a_bucket(bucket: Bucket, production: Production) -> None:
    job = await production.submitted()
    done = await collect(production.filmer, job, f"s3://{bucket.name}/videos/", wait_seconds=20)
    assert done.state is JobState.SUCCEEDED
    assert done.place is not None
    assert done.place.startswith(f"s3://{bucket.name}/videos/astronaut-liveportrait-")
    again = await collect(production.filmer, done, Path("elsewhere"), wait_seconds=0)
    assert again.place == done.place


def test_a_bucket_that_cannot_be_reached_is_told(bucket: Bucket) -> None:
    require_bucket(f"s3://{bucket.name}/videos/")
    with pytest.raises(InputError, match="cannot be reached"):
        require_bucket("s3://no-such-bucket/videos/")
