"""Errors are sentences, and say whether money was spent."""

from __future__ import annotations

import pickle

import pytest

from greenlight.errors import (
    EXPLAINED,
    Explanation,
    GreenlightError,
    InputError,
    LedgerError,
    SettingsError,
    StorageError,
    explain,
)
from greenlight.modelstudio.errors import AnswerLost, ModelStudioError, Throttled

KINDS = [GreenlightError, InputError, LedgerError, SettingsError, StorageError]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spent", [True, False])
def test_an_error_survives_pickling(kind: type[GreenlightError], *, spent: bool) -> None:
    again = pickle.loads(pickle.dumps(kind("the disk is full", spent=spent)))
    assert type(again) is kind
    assert (str(again), again.spent) == ("the disk is full", spent)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_was_spent_unless_it_is_said(kind: type[GreenlightError]) -> None:
    assert kind("no").spent is False


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("a.png is empty"), "a.png is empty; nothing was spent."),
        (InputError("a.png is empty."), "a.png is empty; nothing was spent."),
        (StorageError("cut off", spent=True), "cut off; money was spent on it."),
    ],
)
def test_an_explanation_says_what_it_cost(error: GreenlightError, message: str) -> None:
    assert explain(error) == Explanation(type(error).__name__, message, error.spent)


def test_a_vendors_error_says_itself_what_it_cost() -> None:
    told = explain(Throttled("slow down", code="Throttling", request_id="r-1", status=429))
    assert (told.type, told.spent) == ("Throttled", False)
    assert told.message.count("cost nothing") == 1
    assert "request r-1" in told.message
    assert explain(AnswerLost("no answer")).spent


@pytest.mark.parametrize(
    "error",
    [
        *(kind("it is so.") for kind in KINDS),
        *(kind("it is so.") for kind in (ModelStudioError, *ModelStudioError.__subclasses__())),
    ],
    ids=repr,
)
def test_every_explanation_is_one_sentence(error: GreenlightError | ModelStudioError) -> None:
    assert isinstance(error, EXPLAINED)
    message = explain(error).message
    assert message.endswith(".")
    assert not message.endswith("..")
    assert "\n" not in message
    assert message.rstrip(".").count(". ") == 0
