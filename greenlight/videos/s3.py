"""Store a finished video in a bucket, never over another one, and beside it what made it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Final

from greenlight.aws.advice import advice_on
from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors, is_refusal, reason_of
from greenlight.errors import InputError, StorageError
from greenlight.media.s3 import split_s3
from greenlight.videos.dialects import Dialect, dialect_of, put_new
from greenlight.videos.storing import StoredVideo, store
from greenlight.wording import visible

Tell = Callable[[StoredVideo], Mapping[str, object]]
"""Says what made a stored video, as JSON can bear it."""
Holding = Callable[[str], AbstractAsyncContextManager[object]]
"""Keeps all others who put from a name as long as a block lasts."""
VIDEO: Final = ".mp4"
logger = logging.getLogger(__name__)


def nobody_else(name: str) -> AbstractAsyncContextManager[object]:  # noqa: ARG001 - a `Holding`
    """Keep nobody away from a name: for those who know that they are alone."""
    return nullcontext()


async def store_in_s3(
    url: str, place: str, *, job: str, tell: Tell, holding: Holding = nobody_else
) -> StoredVideo:
    """Download a video, look whether it plays, and put it at `s3://bucket/NAME.mp4`, whole or not at all.

    Its sha256, its length and the job's whole key stand in the object's metadata; what `tell` says of it is
    put beside it as `NAME.json`. What an earlier attempt of the job has put is not put again. A store that
    knows no way to spare what lies there is looked at first, while `holding` keeps the name. One that lets
    nobody find out gets the video as `NAME-SHA256.mp4`, with the SHA-256 of the job's key. Raises
    `StorageError` when the link is dead, it is no video, or another video lies there; the job stays open.
    """
    stored = await asyncio.to_thread(_find, place, job)
    if stored is None:
        with tempfile.TemporaryDirectory(prefix="greenlight-") as folder:
            local = await store(url, Path(folder) / "video.mp4")
            stored = await _put_video(replace(local, place=place), Path(local.place), job, holding)
    await _put_beside(stored, job, tell(stored), holding)
    return stored


def _find(place: str, job: str) -> StoredVideo | None:
    """Return the video that an earlier attempt of the job has put there, or under its own name."""
    for one in (place, _own_place(place, job)):
        metadata = _metadata(one)
        if metadata.get("job") == job and {"sha256", "seconds"} <= metadata.keys():
            return StoredVideo(one, metadata["sha256"], float(metadata["seconds"]))
    return None


def _own_place(place: str, job: str) -> str:
    """Return a video's place with a name that no other job's can have."""
    return f"{place.removesuffix(VIDEO)}-{hashlib.sha256(job.encode()).hexdigest()}{VIDEO}"


async def _put_video(video: StoredVideo, file: Path, job: str, holding: Holding) -> StoredVideo:
    metadata = {"sha256": video.sha256, "seconds": f"{video.seconds:.3f}", "job": job}
    own_place = _own_place(video.place, job)
    wanted = _Object(video.place, own_place, "video/mp4", metadata, lambda: file.open("rb"))
    place, is_put = await _put(wanted, holding)
    if not is_put and (await asyncio.to_thread(_metadata, place)).get("sha256") != video.sha256:
        raise StorageError(
            f"the video cannot be stored as {place} (another object is there)",
            "its job stays open: name another place, and try again",
            spent=True,
        )
    return replace(video, place=place)


async def _put_beside(
    stored: StoredVideo, job: str, told: Mapping[str, object], holding: Holding
) -> None:
    """Put what made a video beside it; the video counts, so what lies there of others is only warned of."""
    place = f"{stored.place.removesuffix(VIDEO)}.json"
    content = f"{json.dumps(told, ensure_ascii=False, indent=2)}\n".encode()
    # A video that has a name of its own gives one to what lies beside it.
    wanted = _Object(place, place, "application/json", {"job": job}, partial(io.BytesIO, content))
    _, is_put = await _put(wanted, holding)
    if not is_put and (await asyncio.to_thread(_metadata, place)).get("job") != job:
        logger.warning(
            "how the video %s was made is not written down, because there is another object at %s",
            visible(stored.place),
            visible(place),
        )


@dataclass(frozen=True, slots=True)
class _Object:
    """What is to be put, and the place for it where the store lets nobody learn its dialect."""

    place: str
    own_place: str
    content_type: str
    metadata: dict[str, str]
    open: Callable[[], IO[bytes]]

    def put(self, dialect: Dialect) -> tuple[str, bool]:
        """Put it where none lies; return where, and whether that was so."""
        place = self.own_place if dialect is Dialect.UNKNOWN else self.place
        bucket, key = split_s3(place)
        it = {"Bucket": bucket, "Key": key, "ContentType": self.content_type}
        with self.open() as body:
            is_put = put_new(aws_client("s3"), dialect, **it, Metadata=self.metadata, Body=body)
        return place, is_put


async def _put(wanted: _Object, holding: Holding) -> tuple[str, bool]:
    """Put an object where none lies; return where, and whether that was so.

    After a refusal the store is learnt anew, so that no dialect keeps a video that is paid from being stored.
    """
    try:
        dialect = await asyncio.to_thread(_dialect, wanted.place)
        try:
            return await _put_in(dialect, wanted, holding)
        except aws_errors() as error:
            if not is_refusal(error):
                raise
            learnt = await asyncio.to_thread(_dialect, wanted.place, again=True)
            if learnt is dialect:
                raise
            return await _put_in(learnt, wanted, holding)
    except aws_errors() as error:
        raise StorageError(
            f"cannot be stored ({reason_of(error)})",
            f"its job stays open: {advice_on(error)}, and try again",
            subject=wanted.place,
            spent=True,
        ) from None


async def _put_in(dialect: Dialect, wanted: _Object, holding: Holding) -> tuple[str, bool]:
    if dialect is not Dialect.LOOK_FIRST:
        return await asyncio.to_thread(wanted.put, dialect)
    async with holding(f"put {wanted.place}"):
        return await asyncio.to_thread(wanted.put, dialect)


def _dialect(place: str, *, again: bool = False) -> Dialect:
    """Return the dialect of the bucket of an object or of `s3://bucket/prefix/`."""
    bucket, key = split_s3(place)
    folder = key.rpartition("/")[0] if key.endswith((VIDEO, ".json")) else key
    return dialect_of(aws_client("s3"), bucket, folder, again=again)


def _metadata(place: str) -> dict[str, str]:
    """Return an object's metadata, or nothing where none can be had."""
    bucket, key = split_s3(place)
    try:
        return dict(aws_client("s3").head_object(Bucket=bucket, Key=key)["Metadata"])
    except aws_errors():
        return {}


def lies_in_s3(place: str) -> bool:
    """Whether an object is there, as far as these credentials are told."""
    bucket, key = split_s3(place)
    try:
        aws_client("s3").head_object(Bucket=bucket, Key=key)
    except aws_errors():
        return False
    return True


def require_bucket(place: str) -> None:
    """Raise an `InputError` if the bucket of `s3://bucket/prefix` cannot be reached.

    How its store keeps a video from being replaced is learnt then too, before anything is paid.
    """
    bucket, _ = split_s3(place)
    try:
        aws_client("s3").head_bucket(Bucket=bucket)
        _dialect(place)
    except aws_errors() as error:
        raise InputError(
            f"the bucket of {place} cannot be reached ({reason_of(error)})", advice_on(error)
        ) from None
