"""Read what lies at a web address: it is downloaded once, for its identity and its header."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO, BinaryIO
from urllib.parse import urlsplit

import httpx

from greenlight.errors import InputError
from greenlight.media.place import (
    MAX_DOWNLOAD_BYTES,
    PUBLIC,
    Place,
    download_file,
    without_query,
)
from greenlight.media.public import NotPublic, PublicTransport
from greenlight.modelstudio.reasons import reason_of
from greenlight.modelstudio.redaction import keep_links_out_of_logs

TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class WebPlace(Place):
    """An http or https address, which the vendor can fetch too.

    Whoever gives an address in a brief of their own may name any host, also one of their own network. An
    address that begins with `public+`, as those do that a json in a bucket names, leads to the internet only.
    """

    _copy: IO[bytes] | None = None

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._is_public = text.startswith(PUBLIC)
        self._address = text.removeprefix(PUBLIC)

    @property
    def shown(self) -> str:
        """Return the address without its query."""
        return without_query(self.text)

    async def enter(self) -> None:
        """Download the content into a temporary file."""
        keep_links_out_of_logs()
        self._expect_address()
        self._copy = download_file(self.name)
        digest = hashlib.sha256()
        size = 0
        try:
            async with (
                self._client() as client,
                client.stream("GET", self._address) as response,
            ):
                if response.status_code != 200:
                    raise InputError(
                        f"answered {response.status_code} instead of the content",
                        "check the address",
                        subject=self.shown,
                    )
                async for chunk in response.aiter_bytes():
                    size += len(chunk)
                    if size > MAX_DOWNLOAD_BYTES:
                        raise InputError(
                            "is larger than any model accepts (200 MB)", subject=self.shown
                        )
                    digest.update(chunk)
                    self._copy.write(chunk)
        except NotPublic as error:
            raise InputError(
                f"is not fetched, because {error}, and a json in a bucket may name no other",
                "put the file into the bucket",
                subject=self.shown,
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise InputError(
                f"cannot be fetched ({reason_of(error)})", "check the address", subject=self.shown
            ) from None
        if size == 0:
            raise InputError("is empty", subject=self.shown)
        self._copy.flush()
        self.identity = f"sha256-{digest.hexdigest()}"
        self.size_bytes = size

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=TIMEOUT,
            follow_redirects=True,
            transport=PublicTransport() if self._is_public else None,
        )

    def _expect_address(self) -> None:
        """Refuse what the client would fall over: a bracket without its other, a port above 65535."""
        try:
            _ = urlsplit(self._address).port
        except ValueError as error:
            raise InputError(f"is not an address ({error})", subject=self.shown) from None

    async def leave(self) -> None:
        """Delete the download."""
        if self._copy is not None:
            self._copy.close()

    def open(self) -> BinaryIO:
        """Open the download."""
        return self._path().open("rb")

    async def local_path(self) -> Path:
        """Return the download."""
        return self._path()

    @property
    def is_fixed(self) -> bool:
        """Say no: whoever has the address may put another content there."""
        return False

    def _path(self) -> Path:
        assert self._copy is not None  # noqa: S101 - a place is opened before it is read
        return Path(self._copy.name)

    def url(self, lifetime_seconds: int) -> str | None:  # noqa: ARG002
        """Return the address, but for one that may lead to the internet only: who fetches it must look."""
        return None if self._is_public else self._address
