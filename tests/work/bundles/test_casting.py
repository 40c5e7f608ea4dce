"""The same files are a portrait with a motion, or a clip: the models decide, and a json may name them."""

from __future__ import annotations

from typing import Any

import pytest

from greenlight.errors import sentence
from greenlight.modelstudio.family import Role
from greenlight.work.bundles import BriefDefaults, MalformedBrief, brief_of
from greenlight.work.bundles.casting import MissingSubject, may_have_subject
from tests.work.bundles.test_briefing import bundle

pytestmark = pytest.mark.usefixtures("lips")

ANIMATE, LIPS, WAN = "animate-anyone", "lips", "wan-s2v"


@pytest.mark.parametrize(
    ("endings", "models", "expected"),
    [
        ("png mp3", [WAN], {"portrait": "png", "sound": "mp3"}),
        ("png mp4", [ANIMATE], {"portrait": "png", "motion": "mp4"}),
        ("png mp4 mp3", [WAN, ANIMATE], {"portrait": "png", "motion": "mp4", "sound": "mp3"}),
        ("mp4 mp3", [LIPS], {"clip": "mp4", "sound": "mp3"}),
        # A picture beside a clip is nobody: it may be the poster of the video.
        ("png mp4 mp3", [LIPS], {"clip": "mp4", "sound": "mp3"}),
        ("png jpg mov wav", [LIPS], {"clip": "mov", "sound": "wav"}),
        ("png mp3", [LIPS, WAN], {"portrait": "png", "sound": "mp3"}),
        ("mp4 mp3", [WAN, LIPS], {"clip": "mp4", "sound": "mp3"}),
    ],
)
def test_what_a_file_is_for_follows_from_the_models(
    endings: str, models: list[str], expected: dict[str, str]
) -> None:
    found = brief_of(bundle(*endings.split()), None, BriefDefaults(models=tuple(models))).brief
    told = {name: getattr(found, name) for name in ("portrait", "clip", "sound", "motion")}
    assert {name: place[-3:] for name, place in told.items() if place} == expected
    assert {family.subject for family in found.families()} == {found.role}


def test_two_readings_are_refused_and_both_are_named() -> None:
    defaults = BriefDefaults(models=(ANIMATE, LIPS, WAN))
    with pytest.raises(MalformedBrief) as caught:
        brief_of(bundle("png", "mp4", "mp3"), None, defaults)
    assert sentence(caught.value.parts(may_pay=False)) == (
        "s3://box/in/anna may mean anna.png as the portrait of animate-anyone, wan-s2v or "
        "anna.mp4 as the clip of lips; name the models of one of them in anna.json"
    )


@pytest.mark.parametrize(("model", "role"), [(LIPS, Role.CLIP), (WAN, Role.PORTRAIT)])
def test_a_json_names_the_models_of_one_reading(model: str, role: Role) -> None:
    files = bundle("png", "mp4", "mp3", "json")
    defaults = BriefDefaults(models=(LIPS, WAN))
    assert brief_of(files, {"models": [model]}, defaults).brief.role is role


@pytest.mark.parametrize(
    ("endings", "models", "missing"),
    [
        ("mp3", [WAN], "portrait"),
        ("mp4 mp3", [WAN], "portrait"),
        ("png mp3", [LIPS], "clip"),
        ("mp3", [LIPS, WAN], "clip"),
    ],
)
def test_who_is_not_there_is_named(endings: str, models: list[str], missing: str) -> None:
    files = bundle(*endings.split())
    assert not may_have_subject(files, models)
    with pytest.raises(MissingSubject, match=f"there is no {missing} called anna yet"):
        brief_of(files, None, BriefDefaults(models=tuple(models)))


def test_a_json_may_name_a_model_that_films_who_is_there() -> None:
    files = bundle("mp4", "mp3", "json")
    assert may_have_subject(files, [WAN])
    assert brief_of(files, {"models": [LIPS]}, BriefDefaults()).brief.role is Role.CLIP
    with pytest.raises(MissingSubject, match="no portrait"):
        brief_of(files, {"take": 2}, BriefDefaults())


def test_a_parameter_goes_to_those_models_that_know_it() -> None:
    defaults = BriefDefaults(models=(WAN, LIPS), parameters={"resolution": "720P"})
    assert [brief.role for brief in defaults.check()] == [Role.PORTRAIT, Role.CLIP]
    assert brief_of(bundle("mp4", "mp3"), None, defaults).brief.parameters == {}
    portrait = brief_of(bundle("png", "mp3"), None, defaults).brief
    assert portrait.parameters == {"resolution": "720P"}


@pytest.mark.parametrize("models", ["lips", ["veo"], [["lips"]], []])
def test_models_that_are_none_are_refused_whoever_is_there(models: Any) -> None:
    with pytest.raises(MalformedBrief, match=r"anna\.json cannot be used: models"):
        brief_of(bundle("png", "mp4", "mp3", "json"), {"models": models}, BriefDefaults())
