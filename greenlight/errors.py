"""Name what can go wrong on this side of the vendor, in sentences for people.

    GreenlightError
    ├── SettingsError     a setting or an option is missing or makes no sense
    ├── InputError        a portrait, clip, sound or motion cannot be used as it lies there
    │    ├── Overwritten  it was replaced by another content while it was worked on
    │    └── Unusable     its content cannot be used, wherever and whenever it is read
    ├── LedgerError       the books cannot be read or written
    ├── OverBudget        a paying request would cost more than a budget has left
    └── StorageError      a video cannot be fetched whole or stored
         └── DeadLink     its link does not give it (any more)

The vendor's own errors have a tree in `greenlight.modelstudio.errors`; `explain` tells people of
either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from greenlight.modelstudio.errors import ModelStudioError


class GreenlightError(Exception):
    """Say in one sentence what happened and what to do; nothing was spent unless `spent` says so."""

    unspent: ClassVar[str] = "nothing was spent"

    def __init__(self, message: str, *, spent: bool = False) -> None:
        super().__init__(message)
        self.spent = spent

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling with the keyword argument."""
        return (_rebuild, (type(self), str(self), self.spent))


def _rebuild(kind: type[GreenlightError], message: str, spent: bool) -> GreenlightError:  # noqa: FBT001
    return kind(message, spent=spent)


class SettingsError(GreenlightError):
    """A setting or an option is missing or makes no sense."""


class InputError(GreenlightError):
    """A portrait, clip, sound or motion cannot be used as it lies there."""


class Overwritten(InputError):  # noqa: N818 - as people say it
    """It was replaced by another content while it was worked on; the newer one can be tried at once."""


class Unusable(InputError):  # noqa: N818 - as people say it
    """A content cannot be used, wherever it lies and whenever it is read again."""


class LedgerError(GreenlightError):
    """The books cannot be read or written."""


class OverBudget(GreenlightError):  # noqa: N818 - the name of the outcome it stands for
    """A paying request would cost more than a budget has left, and was not sent."""

    # Other requests may have spent something, and the sentence says how much.
    unspent = "nothing was sent"


class StorageError(GreenlightError):
    """A video cannot be fetched whole or stored."""


class DeadLink(StorageError):  # noqa: N818 - as people say it
    """A video's link does not give it (any more)."""


EXPLAINED = (GreenlightError, ModelStudioError)
"""The errors that are sentences for people; anything else is a fault of the program."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error as it is shown: its type, one sentence, and whether money was or may have been spent."""

    type: str
    message: str
    spent: bool


def explain(error: GreenlightError | ModelStudioError) -> Explanation:
    """Return what people and machines are told of an error; a vendor's error says itself what it cost."""
    # Whether a content will ever do matters to us; machines are told what they always were.
    name = (InputError if isinstance(error, Unusable) else type(error)).__name__
    if isinstance(error, ModelStudioError):
        return Explanation(name, f"{str(error).rstrip('.')}.", error.may_have_cost)
    note = "money was spent on it" if error.spent else error.unspent
    return Explanation(name, f"{str(error).rstrip('.')}; {note}.", error.spent)
