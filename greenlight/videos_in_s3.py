"""Store a finished video in a bucket by one put, which never overwrites another video."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from greenlight.errors import InputError, StorageError
from greenlight.portraits.s3 import reason_of, s3_client, s3_errors, split_s3
from greenlight.videos import StoredVideo, store


async def store_in_s3(url: str, place: str, *, job: str) -> StoredVideo:
    """Download a video, look whether it plays, and put it at `s3://bucket/key`, whole or not at all.

    Its sha256 and the job's hash stand in the object's metadata. Raises `StorageError` when the link is dead,
    it is no video, or another video lies there; the job stays open.
    """
    with tempfile.TemporaryDirectory(prefix="greenlight-") as folder:
        stored = await store(url, Path(folder) / "video.mp4")
        await asyncio.to_thread(_put, Path(stored.place), place, stored.sha256, job)
    return StoredVideo(place, stored.sha256, stored.seconds)


def _put(video: Path, place: str, sha256: str, job: str) -> None:
    bucket, key = split_s3(place)
    try:
        client = s3_client()
        with video.open("rb") as body:
            client.put_object(
                Bucket=bucket,
                Key=key,
                Body=body,
                ContentType="video/mp4",
                Metadata={"sha256": sha256, "job": job},
                IfNoneMatch="*",
            )
    except s3_errors() as error:
        if _code(error) == "PreconditionFailed" and _lies_there(place, sha256):
            return
        raise StorageError(
            f"the video cannot be stored as {place} ({reason_of(error)}); its job goes on",
            spent=True,
        ) from None


def _lies_there(place: str, sha256: str) -> bool:
    """Whether an earlier attempt has put the same video there."""
    bucket, key = split_s3(place)
    head = s3_client().head_object(Bucket=bucket, Key=key)
    return bool(head["Metadata"].get("sha256") == sha256)


def _code(error: Exception) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def require_bucket(place: str) -> None:
    """Raise an `InputError` if the bucket of `s3://bucket/prefix` cannot be reached."""
    bucket, _ = split_s3(place)
    try:
        s3_client().head_bucket(Bucket=bucket)
    except s3_errors() as error:
        raise InputError(f"the bucket of {place} cannot be reached ({reason_of(error)})") from None
