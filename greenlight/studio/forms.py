"""Read a multipart form from a stream: its fields first, its file last and piece by piece."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email.message import Message
from email.parser import HeaderParser
from typing import Final

MAX_FIELD_BYTES: Final = 64 * 1024
_BOUNDARY: Final = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)


class FormError(Exception):
    """The bytes are no form that ends with a file."""


class FormReader:
    """Read one form: `fields`, then `file`, which follows them as the vendor's storage wants it."""

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        boundary = _BOUNDARY.search(content_type)
        if boundary is None:
            raise FormError("The form has no boundary.")
        self._delimiter = b"\r\n--" + boundary[1].encode()
        self._chunks = chunks
        # The first delimiter has no line before it, the others have.
        self._buffer = b"\r\n"

    async def fields(self) -> dict[str, str]:
        """Return the fields that stand before the file."""
        found: dict[str, str] = {}
        await self._until(self._delimiter)
        while True:
            name = _name(await self._until(b"\r\n\r\n"))
            if name == "file":
                return found
            found[name] = (await self._until(self._delimiter)).decode(errors="replace")

    async def file(self) -> AsyncIterator[bytes]:
        """Yield the file's bytes."""
        # The end of a piece may be the beginning of the delimiter.
        keep = len(self._delimiter) - 1
        while (end := self._buffer.find(self._delimiter)) < 0:
            if len(self._buffer) > keep:
                yield self._buffer[:-keep]
                self._buffer = self._buffer[-keep:]
            await self._read_on()
        yield self._buffer[:end]

    async def _until(self, mark: bytes) -> bytes:
        while (end := self._buffer.find(mark)) < 0:
            if len(self._buffer) > MAX_FIELD_BYTES:
                raise FormError("A field of the form is too long.")
            await self._read_on()
        found, self._buffer = self._buffer[:end], self._buffer[end + len(mark) :]
        return found

    async def _read_on(self) -> None:
        chunk = await anext(self._chunks, b"")
        if not chunk:
            raise FormError("The form ends too early or has no file.")
        self._buffer += chunk


def _name(head: bytes) -> str:
    message: Message = HeaderParser().parsestr(head.decode(errors="replace").lstrip("\r\n"))
    name = message.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        raise FormError("A part of the form has no name.")
    return name
