"""Name places in S3 that are hard to read, and read why they cannot be."""

from __future__ import annotations

import pytest

from greenlight.errors import GreenlightError
from greenlight.media.portraits import examine
from tests.bucket import SECRET

HARD_KEYS = ["a b/anna +1.png", "100%/50%25.png", "人像/安娜.png", "a&b=c?d#e.png", "quote'\".png"]


async def sentence(place: str) -> str:
    """Return the one sentence that says why a place cannot be read."""
    with pytest.raises(GreenlightError) as caught:
        await examine(place)
    told = caught.value.text()
    assert told.endswith("nothing was spent.")
    assert "\n" not in told
    assert SECRET not in told
    return told
