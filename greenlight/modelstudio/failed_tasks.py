"""Say of a task that failed whether the same brief is worth another one, and what to do."""

from __future__ import annotations

from typing import Final

from greenlight.errors import Part
from greenlight.modelstudio.error_codes import meaning_of
from greenlight.modelstudio.errors import ContentRefused, InputRefused

_ALWAYS_AGAIN: Final = (ContentRefused, InputRefused)
"""What the same inputs would fail by again, each time after minutes in the vendor's queue."""


def may_try_again(code: str, message: str) -> bool:
    """Return whether the same brief may be ordered again by itself after a task failed like this.

    Not where the vendor refuses what is in the picture, the sound or the motion; a code that nobody
    knows, or none, may be the vendor's own fault.
    """
    meaning = meaning_of(code, message)
    return meaning is None or not issubclass(meaning.kind, _ALWAYS_AGAIN)


def advice_for(code: str, message: str) -> Part | None:
    """Return what to do about a task that failed like this; nothing where that is only to try again."""
    meaning = meaning_of(code, message)
    return None if meaning is None or meaning.kind.retryable else meaning.way_on
