"""`greenlight costs`."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from greenlight.modelstudio.times import CHINA
from greenlight.settings import Settings
from tests.cli.books import ambiguous, submitted
from tests.cli.conftest import Greenlight
from tests.conftest import SAMPLES

FIELDS = {"day", "service", "model", "outcome", "count", "cost_cny"}


def today(days: int = 0) -> str:
    return f"{datetime.now(CHINA) + timedelta(days=days):%Y-%m-%d}"


@pytest.mark.usefixtures("settings")
def test_empty_books_are_told_and_are_no_lines(greenlight: Greenlight) -> None:
    assert greenlight("costs").out == "Nothing is in the books.\n"
    ran = greenlight("costs", "--json")
    assert (ran.code, ran.lines) == (0, [])


def test_every_day_model_and_outcome_is_one_object(
    greenlight: Greenlight, settings: Settings, astronaut: Path
) -> None:
    greenlight("check", astronaut, SAMPLES / "coffee.png", "--model", "liveportrait")
    submitted(settings, "task-1")
    ambiguous(settings)
    lines = greenlight("costs", "--json").lines
    assert {frozenset(line) for line in lines} == {frozenset(FIELDS)}
    sums = {(line["model"], line["outcome"]): (line["count"], line["cost_cny"]) for line in lines}
    assert sums == {
        ("emo-v1", "ambiguous"): (1, pytest.approx(0.08)),
        ("emo-v1", "open"): (1, pytest.approx(0.08)),
        ("liveportrait-detect", "passed"): (1, pytest.approx(0.004)),
        ("liveportrait-detect", "refused"): (1, pytest.approx(0.004)),
    }
    assert {line["service"] for line in lines} == {settings.service}
    assert today() in {line["day"] for line in lines}


def test_people_read_a_table_with_the_sum(greenlight: Greenlight, settings: Settings) -> None:
    submitted(settings, "task-1")
    ambiguous(settings)
    ran = greenlight("costs")
    assert ran.code == 0
    assert "ambiguous" in ran.out
    assert "0.160" in ran.out


def test_costs_begin_with_a_day(greenlight: Greenlight, settings: Settings) -> None:
    submitted(settings, "task-1", hours_ago=72)
    ambiguous(settings)
    lines = greenlight("costs", "--since", today(-1), "--json").lines
    assert [line["outcome"] for line in lines] == ["ambiguous"]
    assert greenlight("costs", "--since", today(2), "--json").lines == []


@pytest.mark.usefixtures("settings")
def test_a_day_that_is_none_is_wrong_usage(greenlight: Greenlight) -> None:
    ran = greenlight("costs", "--since", "yesterday")
    assert (ran.code, ran.out) == (2, "")
    assert "yesterday" in ran.err
