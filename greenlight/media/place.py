"""Say what every place is where a picture, a sound or a video lies, and share what they need."""

from __future__ import annotations

import abc
import re
import tempfile
from pathlib import Path
from typing import IO, BinaryIO
from urllib.parse import urlsplit, urlunsplit

from greenlight.aws.clients import Credentials
from greenlight.modelstudio import catalog
from greenlight.modelstudio.redaction import without_secrets

MAX_DOWNLOAD_BYTES = catalog.largest_input_bytes()
"""No model takes a larger file."""


PUBLIC = "public+"
"""What stands before a web address that may lead to hosts of the internet only, redirects and all.

It is a part of the address, like the `git+` of `git+https`, so that it goes wherever the address goes:
through briefs, parameters of runs and what is known of a sound. Code that does not know it fetches nothing.
"""


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

    def expect_unchanged(self) -> None:  # noqa: B027 - a download is a copy that nobody else writes to
        """Raise `Overwritten` if `local_path` holds another content than was identified."""

    @property
    def is_here(self) -> bool:
        """Whether the whole content lies on this machine already, so that reading it all is cheap."""
        return True

    @abc.abstractmethod
    async def enter(self) -> None:
        """Find the object; `InputError` says why it cannot be read."""

    async def leave(self) -> None:  # noqa: B027 - a file has nothing to drop
        """Drop what was downloaded."""


def download_file(name: str) -> IO[bytes]:
    """Return a temporary file with the ending of a name, which says the format to the vendor."""
    ending = re.search(r"\.\w{1,8}$", name)
    return tempfile.NamedTemporaryFile(prefix="greenlight-", suffix=ending[0] if ending else "")


def name_of(place: str) -> str:
    """Return the last part of a place."""
    return place.rpartition("/")[2]


def shown_of(place: str) -> str:
    """Return a place as people and books may see it: a web address without its query, which may be signed."""
    is_web = place.removeprefix(PUBLIC).partition("://")[0].lower() in {"http", "https"}
    return without_query(place) if is_web else place


def without_query(url: str) -> str:
    """Return an address without its query, fragment and credentials, which may be secrets.

    A question mark in `s3://bucket/key` belongs to the key, or says which version; neither is a secret.
    """
    url = url.removeprefix(PUBLIC)
    if url.lower().startswith("s3://"):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return without_secrets(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
