"""Read a content from afar as a file, of which only the ranges that are asked for are fetched."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from greenlight.errors import Unusable

RANGE_BYTES = 64 * 1024
"""The first 64 KiB decide 99 of 100 picture headers."""
MOST_BYTES = 16 * 1024 * 1024
"""Profiles and previews of many megabytes are rare; no header is longer than this."""


class Ranges(io.RawIOBase):
    """A raw stream of ranged reads; a buffered reader above it asks for 64 KiB at once.

    `read` gets the first and the last byte that are wanted, both included. Raises `Unusable` when far more is
    read than any header has.
    """

    def __init__(self, shown: str, read: Callable[[int, int], bytes], size_bytes: int) -> None:
        self._shown = shown
        self._read = read
        self._size = size_bytes
        self._position = 0
        self._fetched = 0
        self._beginning = b""

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes; it costs nothing."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position without a request."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as one request does."""
        end = min(self._position + len(buffer), self._size)
        if end <= self._position:
            return 0
        if self._position < RANGE_BYTES:
            # Whoever has looked at the beginning comes back to it; it is fetched once.
            self._beginning = self._beginning or self._fetch(0, min(RANGE_BYTES, self._size))
            content = self._beginning[self._position : end]
        else:
            content = self._fetch(self._position, end)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def _fetch(self, start: int, end: int) -> bytes:
        self._fetched += end - start
        if self._fetched > MOST_BYTES:
            raise Unusable(
                "does not begin like a picture for a model",
                "use a JPEG, PNG, BMP or WebP",
                subject=self._shown,
            )
        return self._read(start, end - 1)
