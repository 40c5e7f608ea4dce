"""Say what would be done, or that it was; AWS's refusals become sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from greenlight.aws.advice import advice_on
from greenlight.aws.errors import aws_errors, reason_of
from greenlight.errors import SettingsError

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must be so."""

    verb: str
    what: str
    do: Callable[[], object] | None
    """Nothing where it is so already."""

    @property
    def before(self) -> str:
        """Return the sentence of a dry run."""
        return f"Would {self.verb} {self.what}." if self.do else self._nothing_to_do

    @property
    def after(self) -> str:
        """Return the sentence of a step that was taken."""
        return f"{PAST[self.verb]} {self.what}." if self.do else self._nothing_to_do

    @property
    def _nothing_to_do(self) -> str:
        return f"Already there: {self.what}."

    def take(self) -> None:
        """Do it, if it is not so already; `SettingsError` says what AWS refused."""
        if self.do:
            in_words(self.do, f"AWS did not {self.verb} {self.what}")


PAST = {"create": "Created", "change": "Changed", "set": "Set"}


def ask(make: Callable[[], Step]) -> Step:
    """Make a step; `SettingsError` says if what is there cannot be looked at."""
    return in_words(make, "what is there already cannot be read")


def in_words(call: Callable[[], Answer], failed: str) -> Answer:
    """Return what a call answers, or raise its error as a sentence."""
    try:
        return call()
    except aws_errors() as error:
        raise SettingsError(
            f"{failed} ({reason_of(error)})",
            f"{advice_on(error)}, and run it again: it does only what is missing",
        ) from None


def already(step: Step, *, is_so: bool) -> Step:
    """Return the step, with nothing to do if it is so already."""
    return replace(step, do=None) if is_so else step
