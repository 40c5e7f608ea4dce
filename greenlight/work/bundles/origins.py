"""Say which bucket or host a place belongs to, and which ones the json of a bundle may name."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import httpx

from greenlight.errors import SettingsError
from greenlight.media.s3 import split_s3

WEB: Final = ("http", "https")
ORIGIN: Final = {"pattern": "^(s3|https?)://[^/?#@]+/?$"}
"""What a form says of one."""


def origin_of(place: str) -> str:
    """Return `s3://bucket`, `https://host` or `https://host:port` of a place; `ValueError` if it has none."""
    scheme, _, rest = place.partition("://")
    scheme = scheme.lower()
    if scheme == "s3" and split_s3(place)[0]:
        return f"s3://{split_s3(place)[0]}"
    try:
        # As the client reads it that will fetch it: others take another part of an odd address for its host.
        url = httpx.URL(f"{scheme}://{rest}")
    except httpx.InvalidURL:
        raise ValueError("it is not an address") from None
    if url.scheme not in WEB or not url.host or url.userinfo:
        raise ValueError("it names no bucket and no host")
    return f"{url.scheme}://{url.netloc.decode()}"


def require_origins(origins: Collection[str]) -> None:
    """Raise a `SettingsError` for what is more or less than a bucket or a host."""
    for one in origins:
        try:
            origin_of(one)
            is_one = re.search(ORIGIN["pattern"], one)
        except ValueError:
            is_one = None
        if is_one is None:
            raise SettingsError(
                f"{one!r} is neither a bucket nor a host", "write s3://bucket or https://host"
            )
