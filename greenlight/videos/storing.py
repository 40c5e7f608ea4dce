"""Store a finished video whole or not at all, before its link dies."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from greenlight.errors import DeadLink, InputError, StorageError
from greenlight.media.place import without_query
from greenlight.modelstudio.reasons import reason_of
from greenlight.modelstudio.redaction import keep_links_out_of_logs
from greenlight.videos.placing import growing, settle, try_place

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
TRIES = 3
AGAIN_AFTER_SECONDS = 1.0
AS_IT_IS = {"Accept-Encoding": "identity"}
TRY_AGAIN = "its job stays open, so try again"


@dataclass(frozen=True, slots=True)
class StoredVideo:
    """Where a video lies, what identifies it, and how long it plays."""

    place: str
    sha256: str
    seconds: float


def is_in_s3(place: Path | str) -> bool:
    """Whether a place is a bucket's and not a folder of this machine."""
    return str(place).startswith("s3://")


def require_place(out: Path) -> None:
    """Raise an `InputError` if no video can be written to a folder or .mp4 file: better now than paid."""
    if ":/" in str(out):
        raise InputError(
            "is not a place for videos",
            "give a folder, an .mp4 file or s3://bucket/prefix/",
            subject=str(out),
        )
    destination = out if out.suffix.lower() == ".mp4" else out / "video.mp4"
    if destination.is_dir():
        raise InputError(
            "is a directory", "give a folder or an .mp4 file", subject=str(destination)
        )
    try:
        try_place(destination.expanduser().absolute())
    except OSError as error:
        raise InputError(f"no video can be written to {out} ({error.strerror})") from None


async def store(url: str, destination: Path) -> StoredVideo:
    """Download a video beside its destination, look whether it plays, and give it its name.

    What lies there already is never replaced; the same video stays as it is. Raises `StorageError` when
    another one lies there, the link is dead, the download is cut off or it is no video; the job stays open.
    """
    exits = ExitStack()
    try:
        part = await asyncio.to_thread(exits.enter_context, growing(destination))
        try:
            sha256 = await _download(url, part)
            seconds = await asyncio.to_thread(_playing_seconds, part)
            await asyncio.to_thread(settle, part, destination)
        finally:
            await asyncio.to_thread(exits.close)
    except OSError as error:
        raise StorageError(
            f"the video cannot be stored as {destination} ({error.strerror})",
            "its job stays open: make room for it, or name another place, and try again",
            spent=True,
        ) from None
    return StoredVideo(str(destination), sha256, seconds)


async def _download(url: str, part: Path) -> str:
    """Write the video into a file and return its sha256; what was cut off is fetched again, whole."""
    tries = 0
    while True:
        tries += 1
        try:
            return await _download_once(secure(url), part)
        except (httpx.HTTPError, StorageError) as error:
            if tries >= TRIES:
                raise _not_fetched(url, error) from None
        await asyncio.sleep(AGAIN_AFTER_SECONDS * tries)


async def _download_once(url: str, part: Path) -> str:
    keep_links_out_of_logs()
    digest = hashlib.sha256()
    written_bytes = 0
    async with (
        httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=True) as client,
        client.stream("GET", url, headers=AS_IT_IS) as response,
    ):
        if response.status_code != 200:
            # Only the store's own word says that a link is dead; anything else may pass.
            kind = DeadLink if response.status_code in {403, 404} else StorageError
            raise kind(f"the link answered {response.status_code}", spent=True)
        with part.open("wb") as file:
            async for chunk in response.aiter_raw():
                written_bytes += file.write(chunk)
                digest.update(chunk)
            file.flush()
            os.fsync(file.fileno())
        announced = response.headers.get("content-length")
    if announced is not None and int(announced) != written_bytes:
        raise StorageError("the download was cut off", spent=True)
    return digest.hexdigest()


def _not_fetched(url: str, error: Exception) -> StorageError:
    reason = error.what if isinstance(error, StorageError) else reason_of(error)
    kind = DeadLink if isinstance(error, DeadLink) else StorageError
    return kind(
        f"the video at {without_query(url)} cannot be fetched ({reason})",
        f"{TRY_AGAIN} within 24 hours of its end",
        spent=True,
    )


def secure(url: str) -> str:
    """Return the https address of a vendor's link, with its signed query as it is."""
    host = urlsplit(url).hostname or ""
    if url.startswith("http://") and host.endswith(".aliyuncs.com"):
        return "https://" + url.removeprefix("http://")
    return url


def copy(stored: Path, wanted: Path) -> None:
    """Copy a video to where it is wanted too, whole or not at all, and never over another file.

    Raises `OSError` if it cannot be; another file there is a `FileExistsError`.
    """
    with growing(wanted) as part:
        with stored.open("rb") as source, part.open("wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        settle(part, wanted)


def _playing_seconds(path: Path) -> float:
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.video or not container.duration:
                raise StorageError("the download is not a video", TRY_AGAIN, spent=True)
            if _is_cut_off(path):
                raise StorageError("the download was cut off", TRY_AGAIN, spent=True)
            return container.duration / av.time_base
    except av.error.FFmpegError:
        raise StorageError("the download does not play", TRY_AGAIN, spent=True) from None


def _is_cut_off(path: Path) -> bool:
    """Whether a file ends before the last of its MP4 boxes does; its index alone would open well.

    A box begins with its length in bytes; 1 says that 8 more bytes tell it, 0 that it lasts to the end.
    """
    size_bytes = path.stat().st_size
    at = 0
    with path.open("rb") as file:
        while at < size_bytes:
            file.seek(at)
            header = file.read(16)
            length = int.from_bytes(header[:4])
            if length == 1:
                length = int.from_bytes(header[8:])
            if length < 8:
                break
            at += length
    return at > size_bytes
