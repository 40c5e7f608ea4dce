"""An error is one sentence out of its fields: what happened, what to do next and what it cost."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from greenlight.errors import (
    Explained,
    Explanation,
    GreenlightError,
    InputError,
    OverBudget,
    SettingsError,
    StorageError,
    Unusable,
    sentence,
)
from greenlight.errors.advice import AdoptTask, RaiseTake
from greenlight.modelstudio.errors import AnswerLost, ModelStudioError, Throttled
from greenlight.uploads.errors import MessagesRefused


def _all_below(root: type[Explained]) -> Iterator[type[Explained]]:
    yield root
    for kind in root.__subclasses__():
        yield from _all_below(kind)


OURS = [kind for kind in _all_below(GreenlightError) if kind.__init__ is Explained.__init__]


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("spent", [True, False])
def test_an_error_survives_pickling(kind: type[GreenlightError], *, spent: bool) -> None:
    error = kind(
        "is full", AdoptTask("job", "task"), subject="the disk", spent=spent, request_id="r-1"
    )
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert vars(again) == vars(error)
    assert str(again) == str(error)


def test_an_error_that_is_made_of_something_else_survives_pickling_too() -> None:
    again = pickle.loads(pickle.dumps(MessagesRefused("the queue did not", {"receipt"})))
    assert (again.receipts, again.what) == ({"receipt"}, "the queue did not")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            InputError("is empty", "use another", subject="a.png"),
            "a.png is empty; use another; nothing was spent.",
        ),
        (InputError("is empty.", subject="a.png"), "a.png is empty; nothing was spent."),
        (StorageError("cut off", spent=True), "cut off; money was spent on it."),
        (OverBudget("no room", request_id="r-1"), "no room (request r-1); nothing was sent."),
        (SettingsError("is not set", "set it", subject="NAME"), "NAME is not set; set it."),
        (SettingsError("expired", could_cost=True), "expired; nothing was spent."),
        (
            Throttled(),
            "Model Studio asks to slow down; wait a minute and try again; the request cost nothing.",
        ),
    ],
)
def test_an_error_is_one_sentence_of_its_fields(error: Explained, text: str) -> None:
    assert error.text() == str(error) == text
    assert error.explanation() == Explanation(error.kind, text, error.spent, error.subject)


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (InputError("is empty", subject="a.png"), "a.png is empty."),
        (Throttled("slow down"), "wait a minute and try again."),
        (StorageError("cut off", spent=True), "money was spent on it."),
        (AnswerLost("no answer"), "the request may have cost money."),
    ],
)
def test_money_is_spoken_of_where_it_may_be_spent_or_was(error: Explained, end: str) -> None:
    assert error.text(may_pay=False).endswith(end)


def test_whoever_shows_an_error_words_its_advice() -> None:
    error = InputError("is gone", RaiseTake(), subject="a.mp4")
    told = error.text(lambda part: "take more" if isinstance(part, RaiseTake) else str(part))
    assert told == "a.mp4 is gone; take more; nothing was spent."


@pytest.mark.parametrize(
    "kind",
    [kind for kind in _all_below(Explained) if issubclass(kind, ModelStudioError) or kind in OURS],
)
def test_every_error_is_one_sentence(kind: type[Explained]) -> None:
    text = kind("it is so.").text()
    assert text.endswith(".")
    assert not text.endswith("..")
    assert "\n" not in text
    assert text.rstrip(".").count(". ") == 0


def test_machines_know_what_can_never_be_used_as_any_bad_input() -> None:
    assert (Unusable("no").kind, SettingsError("no").kind) == ("InputError", "SettingsError")


def test_a_sentence_leaves_out_what_says_nothing() -> None:
    assert sentence(("it is so.", None, "", "do this.")) == "it is so; do this"
