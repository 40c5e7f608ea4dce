"""What the judge holds against a portrait, model by model."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.judge.pictures import UnreadablePicture
from greenlight.modelstudio import catalog
from greenlight.opinions import opinion
from tests.conftest import SAMPLES


@pytest.mark.parametrize("model", list(catalog.families()))
def test_a_good_portrait_has_nothing_held_against_it(model: str, astronaut: Path) -> None:
    assert opinion(astronaut, model) == ""


@pytest.mark.parametrize("model", list(catalog.families()))
def test_a_cup_of_coffee_has_nobody_in_it(model: str) -> None:
    assert "nobody" in opinion(SAMPLES / "coffee.png", model)


def test_two_people_are_held_against_a_portrait_only_where_the_model_minds() -> None:
    assert "two people" in opinion(SAMPLES / "made_two.jpg", "animate-anyone")
    assert "two people" not in opinion(SAMPLES / "made_two.jpg", "liveportrait")


def test_a_picture_may_be_given_as_bytes(astronaut: Path) -> None:
    assert opinion(astronaut.read_bytes(), "emo") == ""


def test_what_is_no_picture_has_no_opinion() -> None:
    with pytest.raises(UnreadablePicture):
        opinion(b"no picture", "emo")
