"""Open the place where a picture, a sound or a video lies: a file, a web address or an S3 object."""

from __future__ import annotations

import abc
import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, BinaryIO
from urllib.parse import unquote, urlsplit, urlunsplit

from greenlight.aws.clients import Credentials
from greenlight.errors import InputError
from greenlight.modelstudio.redaction import without_secrets

MAX_DOWNLOAD_BYTES = 200 * 1024 * 1024
"""The largest file that any model takes is a motion video of 200 MB."""


class Place(abc.ABC):
    """A readable object: what it is called, what identifies it, how it is read and handed over."""

    identity: str
    """What identifies the content: `sha256-...`, or for S3 without a full checksum `etag-...-SIZE`."""
    size_bytes: int
    seen: str = ""
    """What a listing would identify it by.

    In S3 it is ETag, size, and whether there is a SHA-256; of a file it is path, size and time.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def shown(self) -> str:
        """Return the place as people and books may see it: without query, so without a signature."""
        return self.text

    @property
    def name(self) -> str:
        """Return the last part of the place: `anna.png`."""
        return self.shown.rstrip("/").rsplit("/", 1)[-1]

    @abc.abstractmethod
    def open(self) -> BinaryIO:
        """Open the content for reading; S3 objects are read in ranges as they are asked for."""

    @abc.abstractmethod
    async def local_path(self) -> Path:
        """Return a local file with the whole content; a download lives as long as the place is open."""

    @abc.abstractmethod
    def url(self, lifetime_seconds: int) -> str | None:
        """Return an address that the vendor can fetch, or `None` when the content must be uploaded."""

    @property
    def credentials(self) -> Credentials | None:
        """Return what signs its address, which dies with them, or `None` when nothing does."""
        return None

    @property
    def is_fixed(self) -> bool:
        """Whether nothing else can come from its address later, as far as can be asked for little."""
        return True

    @property
    def is_here(self) -> bool:
        """Whether the whole content lies on this machine already, so that reading it all is cheap."""
        return True

    @abc.abstractmethod
    async def enter(self) -> None:
        """Find the object; `InputError` says why it cannot be read."""

    async def leave(self) -> None:  # noqa: B027 - a file has nothing to drop
        """Drop what was downloaded."""


class FilePlace(Place):
    """A file of this machine."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        # Path's own raises for a user that does not exist.
        self.path = Path(os.path.expanduser(text))  # noqa: PTH111

    async def enter(self) -> None:
        """Read the file once for its identity."""
        try:
            # Before the content: what changes while it is read is then seen otherwise afterwards.
            self.seen = seen_of_file(self.path)
            self.identity, self.size_bytes = await asyncio.to_thread(hash_file, self.path)
        except FileNotFoundError:
            raise InputError(f"{self.text} does not exist; look at the path") from None
        except IsADirectoryError:
            raise InputError(f"{self.text} is a directory; name the files in it") from None
        except OSError as error:
            raise InputError(f"{self.text} cannot be read ({error.strerror})") from error
        except ValueError:
            raise InputError(f"{self.text!r} is no name that a file can have") from None
        if self.size_bytes == 0:
            raise InputError(f"{self.text} is empty")

    def open(self) -> BinaryIO:
        """Open the file."""
        return self.path.open("rb")

    async def local_path(self) -> Path:
        """Return the file itself."""
        return self.path

    def url(self, lifetime_seconds: int) -> str | None:  # noqa: ARG002
        """Return nothing: the vendor cannot see this machine's files."""
        return None


def seen_of_file(path: Path) -> str:
    """Return what a folder alone knows of a file's content: path, size and time of change."""
    facts = path.stat()
    digest = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    return f"file-{digest}-{facts.st_size}-{facts.st_mtime_ns}"


def hash_file(path: Path) -> tuple[str, int]:
    """Return a file's identity and its size in bytes."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
        return f"sha256-{digest.hexdigest()}", stream.tell()


def download_file(name: str) -> IO[bytes]:
    """Return a temporary file with the ending of a name, which says the format to the vendor."""
    ending = re.search(r"\.\w{1,8}$", name)
    return tempfile.NamedTemporaryFile(prefix="greenlight-", suffix=ending[0] if ending else "")


def without_query(url: str) -> str:
    """Return an address without its query, fragment and credentials, which may be secrets.

    A question mark in `s3://bucket/key` belongs to the key, or says which version; neither is a secret.
    """
    if url.lower().startswith("s3://"):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return without_secrets(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def place_of(text: str) -> Place:
    """Return the place that a text means; nothing is read yet."""
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    if scheme in {"http", "https"}:
        from greenlight.portraits.web import WebPlace

        return WebPlace(text)
    if scheme == "s3":
        from greenlight.portraits.s3 import S3Place

        return S3Place(text)
    if scheme == "file":
        return FilePlace(unquote(urlsplit(text).path))
    if scheme:
        raise InputError(
            f"{without_query(text)} is no place that can be read; give a file, an http(s) address or s3://bucket/key"
        )
    return FilePlace(text)


@asynccontextmanager
async def opened(text: str) -> AsyncIterator[Place]:
    """Open a place for the time of a `with` block; `InputError` says why it cannot be read."""
    place = place_of(text)
    try:
        await place.enter()
        yield place
    finally:
        await place.leave()
