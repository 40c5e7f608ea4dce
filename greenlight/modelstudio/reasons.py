"""Say in words why a connection came to nothing, without addresses and so without what is signed in them."""

from __future__ import annotations

import re

import httpx

from greenlight.modelstudio.redaction import without_secrets

NUMBER = re.compile(r"^\[Errno -?\d+\] ")
"""What the operating system's own words begin with, and people have no use for."""


def reason_of(error: Exception) -> str:
    """Return what happened to a request, for a sentence to go on with."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "no connection in time"
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "no answer in time"
    words = NUMBER.sub("", str(error)).rstrip(".")
    return without_secrets(words) or type(error).__name__
