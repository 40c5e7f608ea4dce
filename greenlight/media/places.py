"""Open the place that a text means: a file, a web address or an S3 object."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

from greenlight.errors import InputError
from greenlight.media.files import FilePlace
from greenlight.media.place import PUBLIC, Place, without_query


def place_of(text: str) -> Place:
    """Return the place that a text means; nothing is read yet.

    A scheme may be written in letters of either case; the place has it in small ones, as the vendor wants it.
    """
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower() if separator else ""
    if scheme.removeprefix(PUBLIC) in {"http", "https"}:
        from greenlight.media.web import WebPlace

        return WebPlace(f"{scheme}://{rest}")
    if scheme == "s3":
        from greenlight.media.s3 import S3Place

        return S3Place(f"s3://{rest}")
    if scheme == "file":
        return FilePlace(unquote(urlsplit(text).path))
    if scheme:
        raise InputError(
            "is not a place that can be read",
            "give a file, an http(s) address or s3://bucket/key",
            subject=without_query(text),
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
