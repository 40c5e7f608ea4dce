"""Make every error a value of fields, and its one sentence out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from greenlight.errors.advice import Advice

Part = Advice | str
"""A piece of a sentence: words as they are, or advice that is still to be worded."""
Say = Callable[[Part], str]
"""Puts a piece into words: advice as a command, as what to do in Prefect, or as it is."""


def sentence(parts: Iterable[Part | None], say: Say = str) -> str:
    """Return a sentence of the parts that say something, without a full stop."""
    return "; ".join(say(part).rstrip(".") for part in parts if part)


class Explained(Exception):  # noqa: N818 - what it is for people; the classes below name what happened
    """Say what happened, what to do next, and whether money was spent.

    `could_cost` means that money may be spent where this happens, so that people want to know whether it was;
    `spent` that it was, or may have been. Every error can be pickled.
    """

    known_as: ClassVar[str] = ""
    """The name that machines know a class by, where it is not its own."""
    unspent: ClassVar[str] = "nothing was spent"
    paid: ClassVar[str] = "money was spent on it"

    advice: Part | None = None
    could_cost: bool = True

    def __init__(
        self,
        what: str = "",
        advice: Part | None = None,
        *,
        subject: str = "",
        spent: bool = False,
        could_cost: bool | None = None,
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(what)
        self.subject = subject
        self.what = what
        self.code = code
        self.request_id = request_id
        self._spent = spent
        # What is not told stays with the class, so that a subclass states its rule once.
        if advice is not None:
            self.advice = advice
        if could_cost is not None:
            self.could_cost = could_cost

    @property
    def spent(self) -> bool:
        """Whether money was or may have been spent."""
        return self._spent

    @property
    def kind(self) -> str:
        """The name that machines know this kind of error by."""
        return self.known_as or type(self).__name__

    @property
    def happened(self) -> str:
        """What happened, to what it did, with what helps to look it up."""
        told = f"{self.subject} {self.what}".strip().rstrip(".")
        details = ", ".join(filter(None, self._details()))
        return f"{told} ({details})" if details else told

    def _details(self) -> tuple[str, ...]:
        return (self.code, f"request {self.request_id}" if self.request_id else "")

    def parts(self, *, may_pay: bool = True) -> tuple[Part, ...]:
        """Return what the sentence is made of; money is left out where nothing could be and was spent."""
        unspent = self.unspent if self.could_cost and may_pay else ""
        cost = self.paid if self.spent else unspent
        return tuple(part for part in (self.happened, self.advice, cost) if part)

    def text(self, say: Say = str, *, may_pay: bool = True) -> str:
        """Return the error in one sentence for people."""
        return f"{sentence(self.parts(may_pay=may_pay), say)}."

    def explanation(self, say: Say = str) -> Explanation:
        """Return what a report keeps of it."""
        return Explanation(self.kind, self.text(say), self.spent, self.subject)

    def __str__(self) -> str:
        return self.text()

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling whatever a subclass is made of."""
        return (_empty, (type(self), self.args), self.__dict__)


def _empty(kind: type[Explained], args: tuple[object, ...]) -> Explained:
    return kind.__new__(kind, *args)


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error as a report keeps it: its kind, one sentence, and whether money was or may have been spent."""

    type: str
    message: str
    spent: bool
    subject: str = ""
    """What it is about, where the sentence begins with that."""
