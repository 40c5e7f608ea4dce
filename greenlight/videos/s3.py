"""Store a finished video in a bucket, never over another one, and beside it what made it."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from greenlight.aws.advice import advice_on
from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors, code_of, reason_of
from greenlight.errors import InputError, StorageError
from greenlight.portraits.s3 import split_s3
from greenlight.videos.storing import StoredVideo, store

Tell = Callable[[StoredVideo], Mapping[str, object]]
"""Says what made a stored video, as JSON can bear it."""
logger = logging.getLogger(__name__)


async def store_in_s3(url: str, place: str, *, job: str, tell: Tell) -> StoredVideo:
    """Download a video, look whether it plays, and put it at `s3://bucket/NAME.mp4`, whole or not at all.

    Its sha256, its length and the job's hash stand in the object's metadata; what `tell` says of it is put
    beside it as `NAME.json`. What an earlier attempt of the job has put is not put again. Raises
    `StorageError` when the link is dead, it is no video, or another video lies there; the job stays open.
    """
    stored = await asyncio.to_thread(_find, place, job)
    if stored is None:
        with tempfile.TemporaryDirectory(prefix="greenlight-") as folder:
            local = await store(url, Path(folder) / "video.mp4")
            stored = replace(local, place=place)
            await asyncio.to_thread(_put_video, Path(local.place), stored, job)
    await asyncio.to_thread(_put_beside, stored, job, tell(stored))
    return stored


def _find(place: str, job: str) -> StoredVideo | None:
    """Return the video that an earlier attempt of the job has put there."""
    metadata = _metadata(place)
    if metadata.get("job") != job or not {"sha256", "seconds"} <= metadata.keys():
        return None
    return StoredVideo(place, metadata["sha256"], float(metadata["seconds"]))


def _put_video(video: Path, stored: StoredVideo, job: str) -> None:
    metadata = {"sha256": stored.sha256, "seconds": f"{stored.seconds:.3f}", "job": job}
    with video.open("rb") as body:
        is_put = _put(stored.place, body, content_type="video/mp4", metadata=metadata)
    if not is_put and _metadata(stored.place).get("sha256") != stored.sha256:
        raise StorageError(
            f"the video cannot be stored as {stored.place} (another object lies there); its job goes on: "
            "name another place, and try again",
            spent=True,
        )


def _put_beside(stored: StoredVideo, job: str, told: Mapping[str, object]) -> None:
    """Put what made a video beside it; the video counts, so what lies there of others is only warned of."""
    place = f"{stored.place.removesuffix('.mp4')}.json"
    body = f"{json.dumps(told, ensure_ascii=False, indent=2)}\n".encode()
    is_put = _put(place, body, content_type="application/json", metadata={"job": job})
    if not is_put and _metadata(place).get("job") != job:
        logger.warning(
            "what made the video %s is written nowhere, because another object lies at %s",
            stored.place,
            place,
        )


def _put(place: str, body: Any, *, content_type: str, metadata: dict[str, str]) -> bool:
    """Put an object where none lies; return whether that was so."""
    bucket, key = split_s3(place)
    try:
        aws_client("s3").put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ContentType=content_type,
            Metadata=metadata,
            IfNoneMatch="*",
        )
    except aws_errors() as error:
        if code_of(error) == "PreconditionFailed":
            return False
        raise StorageError(
            f"{place} cannot be stored ({reason_of(error)}); its job goes on: {advice_on(error)}, "
            "and try again",
            spent=True,
        ) from None
    return True


def _metadata(place: str) -> dict[str, str]:
    """Return an object's metadata, or nothing where none can be had."""
    bucket, key = split_s3(place)
    try:
        return dict(aws_client("s3").head_object(Bucket=bucket, Key=key)["Metadata"])
    except aws_errors():
        return {}


def require_bucket(place: str) -> None:
    """Raise an `InputError` if the bucket of `s3://bucket/prefix` cannot be reached."""
    bucket, _ = split_s3(place)
    try:
        aws_client("s3").head_bucket(Bucket=bucket)
    except aws_errors() as error:
        raise InputError(
            f"the bucket of {place} cannot be reached ({reason_of(error)}); {advice_on(error)}"
        ) from None
