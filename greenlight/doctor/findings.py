"""Say what was looked at, how it is, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from greenlight.errors import Explained, Part, Say
from greenlight.modelstudio.redaction import without_secrets


class State(StrEnum):
    """How it is with what was looked at."""

    OK = "ok"
    WARNING = "warning"
    """It works, or may; somebody should know of it."""
    BROKEN = "broken"
    """Something that is needed, or was asked for, does not work."""
    SKIPPED = "skipped"
    """It was not looked at, and the sentence says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; keys and signed links are taken out of what it says."""

    subject: str
    state: State
    sentence: str
    """What was found, without a full stop."""
    advice: Part = ""
    """What to do next; nothing where there is nothing to do."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sentence", without_secrets(self.sentence).rstrip("."))
        if isinstance(self.advice, str):
            object.__setattr__(self, "advice", without_secrets(self.advice).rstrip("."))

    def as_json(self, say: Say = str) -> dict[str, Any]:
        """Return it as plain values under the names of its fields, with its advice in words."""
        return {
            "subject": self.subject,
            "state": self.state,
            "sentence": self.sentence,
            "advice": say(self.advice),
        }


def ok(subject: str, sentence: str, advice: Part = "") -> Finding:
    """Return a finding of something that is as it should be."""
    return Finding(subject, State.OK, sentence, advice)


def warning(subject: str, sentence: str, advice: Part) -> Finding:
    """Return a finding that somebody should know of."""
    return Finding(subject, State.WARNING, sentence, advice)


def broken(subject: str, sentence: str, advice: Part) -> Finding:
    """Return a finding of something that does not work."""
    return Finding(subject, State.BROKEN, sentence, advice)


def failed(subject: str, error: Explained) -> Finding:
    """Return a finding of what an error says."""
    return broken(subject, error.happened, error.advice or "correct what it names")


def skipped(subject: str, sentence: str, advice: Part = "") -> Finding:
    """Return a finding of something that was not looked at."""
    return Finding(subject, State.SKIPPED, sentence, advice)
