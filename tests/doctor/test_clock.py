"""Comparing this machine's clock with the service's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from greenlight.doctor.clock import compare
from greenlight.doctor.findings import State

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
THEIRS = {"date": format_datetime(NOON, usegmt=True)}


@pytest.mark.parametrize(
    ("ahead_seconds", "state", "words"),
    [
        (0.9, State.OK, "agrees with the service's to 1 s"),
        (-30, State.OK, "agrees with the service's to 29 s"),
        (100, State.WARNING, "99 s ahead of the service's"),
        (-100, State.WARNING, "99 s behind the service's"),
        (
            3600,
            State.BROKEN,
            "3599 s ahead of the service's: signed requests and links are refused",
        ),
    ],
)
def test_the_clock_is_as_wrong_as_it_is(ahead_seconds: float, state: State, words: str) -> None:
    found = compare(THEIRS, at=NOON + timedelta(seconds=ahead_seconds))
    assert found.state is state
    assert words in found.sentence


@pytest.mark.parametrize("headers", [{}, {"date": ""}, {"date": "yesterday"}])
def test_an_answer_without_a_date_says_nothing_of_the_clock(headers: dict[str, str]) -> None:
    assert compare(headers, at=NOON).state is State.SKIPPED
