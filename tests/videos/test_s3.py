"""A finished video in a bucket: one put, never over another one, and beside it what made it."""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from greenlight.errors import InputError, StorageError
from greenlight.filming.collecting import collect
from greenlight.ledger import Job, JobState
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.screening.screener import Screener
from greenlight.studio.server import StudioServer
from greenlight.videos.naming import video_name
from greenlight.videos.s3 import require_bucket, store_in_s3
from greenlight.videos.storing import StoredVideo
from tests.bucket import SECRET, Asked, Bucket
from tests.conftest import SAMPLES
from tests.production import Production
from tests.steering import received
from tests.website import Website

FILM = (SAMPLES / "wave.mp4").read_bytes()
SHA256 = hashlib.sha256(FILM).hexdigest()


def tell(video: StoredVideo) -> dict[str, object]:
    return {"video": video.place, "by": "anna"}


async def put(url: str, place: str, job: str = "job-1") -> StoredVideo:
    return await store_in_s3(url, place, job=job, tell=tell)


def read(bucket: Bucket, key: str) -> Any:
    return bucket.client.get_object(Bucket=bucket.name, Key=key)


def read_json(bucket: Bucket, key: str) -> dict[str, Any]:
    return dict(json.loads(read(bucket, key)["Body"].read()))


def keys(bucket: Bucket) -> list[str]:
    found = bucket.client.list_objects_v2(Bucket=bucket.name)
    return [entry["Key"] for entry in found.get("Contents", [])]


def failing(bucket: Bucket, ending: str) -> AbstractContextManager[None]:
    """Let nothing with an ending be put, as when the bucket is out of reach from then on."""

    def die(request: Any, **_: Any) -> None:
        if request.url.endswith(ending):
            raise EndpointConnectionError(endpoint_url=request.url)

    return bucket.meddling("PutObject", die)


async def test_a_video_is_put_with_its_sha256_and_job(bucket: Bucket, website: Website) -> None:
    place = f"s3://{bucket.name}/videos/anna.mp4"
    stored = await put(website.put("/v.mp4", FILM), place)
    assert (stored.place, stored.sha256) == (place, SHA256)
    found = read(bucket, "videos/anna.mp4")
    assert found["Body"].read() == FILM
    assert found["ContentType"] == "video/mp4"
    assert found["Metadata"] == {
        "sha256": SHA256,
        "job": "job-1",
        "seconds": f"{stored.seconds:.3f}",
    }


async def test_what_made_it_is_put_beside_it(bucket: Bucket, website: Website) -> None:
    place = f"s3://{bucket.name}/videos/安娜.mp4"
    await put(website.put("/v.mp4", FILM), place)
    assert keys(bucket) == ["videos/安娜.json", "videos/安娜.mp4"]
    found = read(bucket, "videos/安娜.json")
    assert found["ContentType"] == "application/json"
    assert found["Metadata"] == {"job": "job-1"}
    assert json.loads(found["Body"].read()) == {"video": place, "by": "anna"}


async def test_the_same_job_again_fetches_and_puts_nothing_again(
    bucket: Bucket, website: Website, requests: list[Asked]
) -> None:
    place = f"s3://{bucket.name}/anna.mp4"
    first = await put(website.put("/v.mp4", FILM), place)
    before = read(bucket, "anna.json")["LastModified"]
    requests.clear()
    again = await put("http://127.0.0.1:1/dead-link", place)
    assert [one.operation for one in requests] == ["HeadObject", "PutObject", "HeadObject"]
    assert (again.place, again.sha256) == (first.place, first.sha256)
    assert again.seconds == pytest.approx(first.seconds, abs=0.001)
    assert read(bucket, "anna.json")["LastModified"] == before


async def test_another_video_is_never_overwritten(bucket: Bucket, website: Website) -> None:
    url = website.put("/v.mp4", FILM)
    bucket.put("other.mp4", b"another one")
    with pytest.raises(StorageError, match="another object is there"):
        await put(url, f"s3://{bucket.name}/other.mp4")
    assert read(bucket, "other.mp4")["Body"].read() == b"another one"
    assert keys(bucket) == ["other.mp4"]


async def test_the_same_video_put_by_others_is_no_fault(bucket: Bucket, website: Website) -> None:
    bucket.put("anna.mp4", FILM, Metadata={"sha256": SHA256})
    await put(website.put("/v.mp4", FILM), f"s3://{bucket.name}/anna.mp4")
    assert read(bucket, "anna.mp4")["Metadata"] == {"sha256": SHA256}


async def test_a_json_of_others_is_kept_and_told_of(
    bucket: Bucket, website: Website, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.put("anna.json", b"{}")
    place = f"s3://{bucket.name}/anna.mp4"
    assert (await put(website.put("/v.mp4", FILM), place)).sha256 == SHA256
    assert read(bucket, "anna.json")["Body"].read() == b"{}"
    (warning,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert f"there is another object at s3://{bucket.name}/anna.json" in warning.getMessage()


@pytest.mark.parametrize("ending", [".mp4", ".json"])
async def test_what_died_half_way_is_completed_by_the_next_attempt(
    ending: str, bucket: Bucket, website: Website
) -> None:
    url, place = website.put("/v.mp4", FILM), f"s3://{bucket.name}/anna.mp4"
    with failing(bucket, ending), pytest.raises(StorageError, match="its job stays open"):
        await put(url, place)
    assert keys(bucket) == ([] if ending == ".mp4" else ["anna.mp4"])
    await put(url, place)
    assert keys(bucket) == ["anna.json", "anna.mp4"]


async def test_what_is_no_video_is_not_put(bucket: Bucket, website: Website) -> None:
    with pytest.raises(StorageError):
        await put(website.put("/v.mp4", b"no"), f"s3://{bucket.name}/v.mp4")
    assert keys(bucket) == []


async def test_a_job_is_collected_into_a_bucket(bucket: Bucket, production: Production) -> None:
    job = await production.submitted()
    done = await collect(production.filmer, job, f"s3://{bucket.name}/videos/", wait_seconds=20)
    assert done.state is JobState.SUCCEEDED
    assert done.place is not None
    assert done.place.startswith(f"s3://{bucket.name}/videos/astronaut-liveportrait-")
    again = await collect(production.filmer, done, Path("elsewhere"), wait_seconds=0)
    assert again.place == done.place


async def test_a_job_s_json_says_all_that_made_its_video(
    bucket: Bucket, production: Production, astronaut: Path, sound: Path
) -> None:
    family = catalog.family("liveportrait")
    screener = Screener(client=production.client, ledger=production.filmer.ledger)
    verdict = (await screener.screen(await examine(str(astronaut)), family)).verdict
    began_at = datetime.now(UTC)
    job = await production.submitted()
    done = await collect(production.filmer, job, f"s3://{bucket.name}/videos/", wait_seconds=20)
    assert done.place is not None
    told = read_json(bucket, f"videos/{video_name(done).removesuffix('.mp4')}.json")
    for name in ("submitted_at", "stored_at"):
        at = datetime.fromisoformat(told.pop(name))
        assert at.utcoffset() == timedelta(0)
        assert began_at - timedelta(seconds=1) <= at <= datetime.now(UTC)
    assert told == {
        "video": done.place,
        "sha256": done.sha256,
        "seconds": done.seconds,
        "cost_cny": float(done.cost_cny or 0),
        "portrait": str(astronaut),
        "portrait_identity": f"sha256-{hashlib.sha256(astronaut.read_bytes()).hexdigest()}",
        "sound": str(sound),
        "sound_identity": f"sha256-{hashlib.sha256(sound.read_bytes()).hexdigest()}",
        "sound_seconds": 1.0,
        "family": "liveportrait",
        "model": "liveportrait",
        "ratio": None,
        "parameters": done.brief["parameters"],
        "take": 1,
        "verdict": verdict.model_dump(mode="json", exclude={"model"}),
        "job": done.hash,
        "service": production.client.service,
        "task_id": done.task_id,
        "request_id": done.request_id,
    }
    assert told["verdict"]["request_id"]


async def test_a_version_does_not_get_into_the_name_of_a_video(production: Production) -> None:
    job = await production.submitted()
    one = replace(job, brief=job.brief | {"portrait": "s3://b/in/anna.png?versionId=3/L.4+x"})
    assert video_name(one).startswith("anna-liveportrait-")


async def test_neither_a_link_nor_a_key_gets_into_the_json(
    bucket: Bucket, production: Production
) -> None:
    job = await production.submitted()
    await collect(production.filmer, job, f"s3://{bucket.name}/", wait_seconds=20)
    told = read(bucket, video_name(job).replace(".mp4", ".json"))["Body"].read().decode()
    for secret in ("Signature", "X-Amz", "http://", "oss://", "sk-local", SECRET):
        assert secret not in told
    assert json.loads(told)["verdict"] is None


async def test_a_collection_that_died_between_both_puts_is_completed_by_the_next(
    bucket: Bucket, production: Production, studio: StudioServer
) -> None:
    job = await production.submitted()

    async def collected() -> Job:
        return await collect(production.filmer, job, f"s3://{bucket.name}/", wait_seconds=20)

    with failing(bucket, ".json"), pytest.raises(StorageError):
        await collected()
    assert production.booked().state is JobState.SUBMITTED
    fetched = received(studio, "result")
    done = await collected()
    assert done.state is JobState.SUCCEEDED
    assert received(studio, "result") == fetched
    told = read_json(bucket, video_name(job).replace(".mp4", ".json"))
    assert (told["video"], told["sha256"]) == (done.place, done.sha256)


def test_a_bucket_that_cannot_be_reached_is_told(bucket: Bucket) -> None:
    require_bucket(f"s3://{bucket.name}/videos/")
    with pytest.raises(InputError, match="cannot be reached"):
        require_bucket("s3://no-such-bucket/videos/")
