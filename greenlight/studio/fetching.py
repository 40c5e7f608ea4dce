"""Fetch pictures, sounds and motions from their addresses, as the vendor does."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

import httpx

CONNECT_SECONDS: Final = 10.0
REDIRECTS: Final = 5
_HERE: Final = ("all://127.0.0.1", "all://localhost", "all://[::1]")


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Load the trusted certificates once a process; it takes longer than all the rest of a start."""
    return httpx.create_ssl_context()


class FetchFault(Enum):
    """Why an input is not here."""

    NO_ADDRESS = auto()
    UNREACHABLE = auto()
    TIMEOUT = auto()
    MISSING = auto()
    TOO_LARGE = auto()


class FetchError(Exception):
    """An input could not be fetched."""

    def __init__(self, fault: FetchFault) -> None:
        super().__init__(fault.name)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Fetched:
    """An input that lies in a file now."""

    path: Path
    sha256: str
    size_bytes: int


class Fetcher:
    """Download into files of a folder, with limits of size and time."""

    def __init__(self, folder: Path, *, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        certificates = _certificates()
        # A proxy of the environment is used for the world, never for this machine.
        direct = httpx.AsyncHTTPTransport(verify=certificates)
        self._client = httpx.AsyncClient(
            verify=certificates,
            timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
            follow_redirects=True,
            max_redirects=REDIRECTS,
            mounts=dict.fromkeys(_HERE, direct),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def fetch(self, url: str, *, max_bytes: int) -> AsyncIterator[Fetched]:
        """Lend what an http or https address gives, as a file that goes away afterwards."""
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix="fetched-") as file:
            path = Path(file.name)
            try:
                async with asyncio.timeout(self._seconds):
                    fetched = await self._download(url, path, max_bytes)
            except (TimeoutError, httpx.TimeoutException):
                raise FetchError(FetchFault.TIMEOUT) from None
            except (httpx.InvalidURL, httpx.UnsupportedProtocol):
                raise FetchError(FetchFault.NO_ADDRESS) from None
            except httpx.HTTPError:
                raise FetchError(FetchFault.UNREACHABLE) from None
            yield fetched

    async def _download(self, url: str, path: Path, max_bytes: int) -> Fetched:
        digest, size_bytes = hashlib.sha256(), 0
        with path.open("wb") as file:
            async with self._client.stream("GET", url) as response:
                if response.status_code != 200:
                    raise FetchError(FetchFault.MISSING)
                async for chunk in response.aiter_bytes():
                    size_bytes += len(chunk)
                    if size_bytes > max_bytes:
                        raise FetchError(FetchFault.TOO_LARGE)
                    digest.update(chunk)
                    file.write(chunk)
        return Fetched(path, digest.hexdigest(), size_bytes)


def uploaded(path: Path, *, max_bytes: int) -> Fetched:
    """Return a file that was uploaded before as if it had just been fetched."""
    if not path.is_file():
        raise FetchError(FetchFault.MISSING)
    size_bytes = path.stat().st_size
    if size_bytes > max_bytes:
        raise FetchError(FetchFault.TOO_LARGE)
    with path.open("rb") as file:
        return Fetched(path, hashlib.file_digest(file, "sha256").hexdigest(), size_bytes)
