"""Name what can go wrong, as values that people are told in one sentence.

Explained
├── GreenlightError        on this side of the vendor
│    ├── SettingsError     a setting or a parameter is missing or makes no sense
│    ├── InputError        a portrait, clip, sound or motion cannot be used
│    │    ├── Overwritten  it was replaced by another content while it was worked on
│    │    └── Unusable     its content cannot be used, wherever and whenever it is read
│    ├── LedgerError       the ledger cannot be read or written
│    ├── OverBudget        a paying request would cost more than a budget has left
│    └── StorageError      a video cannot be fetched whole or stored
│         └── DeadLink     its link has expired
└── ModelStudioError       the vendor's own, in `greenlight.modelstudio.errors`
"""

from __future__ import annotations

from typing import ClassVar

from greenlight.errors.advice import Advice
from greenlight.errors.explained import Explained, Explanation, Part, Say, sentence

__all__ = [
    "Advice",
    "DeadLink",
    "Explained",
    "Explanation",
    "GreenlightError",
    "InputError",
    "LedgerError",
    "OverBudget",
    "Overwritten",
    "Part",
    "Say",
    "SettingsError",
    "StorageError",
    "Unusable",
    "sentence",
]


class GreenlightError(Explained):
    """Something on this side of the vendor."""


class SettingsError(GreenlightError):
    """A setting or a parameter is missing or makes no sense; nothing begins then."""

    could_cost = False


class InputError(GreenlightError):
    """A portrait, clip, sound or motion cannot be used."""


class Overwritten(InputError):  # noqa: N818 - as people say it
    """It was replaced by another content while it was worked on; the newer one can be tried at once."""


class Unusable(InputError):  # noqa: N818 - as people say it
    """A content cannot be used, wherever it is and whenever it is read again."""

    # Whether a content will ever do matters to us; machines are told what they always were.
    known_as = "InputError"


class LedgerError(GreenlightError):
    """The ledger cannot be read or written."""


class OverBudget(GreenlightError):  # noqa: N818 - the name of the outcome it stands for
    """A paying request would cost more than a budget has left, and was not sent."""

    # Other requests may have spent something, and the sentence says how much.
    unspent: ClassVar[str] = "nothing was sent"


class StorageError(GreenlightError):
    """A video cannot be fetched whole or stored."""


class DeadLink(StorageError):  # noqa: N818 - as people say it
    """The video's link has expired."""
