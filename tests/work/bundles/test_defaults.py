"""What a json may say, and what holds for all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from greenlight.errors import SettingsError
from greenlight.work.bundles import BriefDefaults, MalformedBrief
from greenlight.work.bundles.defaults import make_brief, parse_details

PLACE = "s3://box/anna.json"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "is not JSON (Expecting value"),
        (b'{"take": 2', "is not JSON (Expecting"),
        (b"\x89PNG\r\n\x1a\n", "is not JSON (it is not Unicode text)"),
        (b'{"sound": "\xff"}', "is not JSON (it is not Unicode text)"),
        (b'{"sound": "\\ud83d"}', "is not JSON (it is not Unicode text)"),
        (b'{"sound": "a\\u0000.mp3"}', "is not JSON (it has a NUL)"),
        (b'{"take": NaN}', "is not JSON (NaN is not a number)"),
        (b"[" * 100_000, "is not JSON (it is nested too deeply)"),
        (b'{"take": ' + b"1" * 5000 + b"}", "is not JSON (Exceeds the limit"),
        (b"[1, 2]", "holds no object; write the fields of a brief"),
        (b"null", "holds no object"),
        (b'{"portrait": "eve.png"}', "portrait: the portrait is the picture of the same name"),
    ],
)
def test_what_is_no_brief_is_told_with_its_file_and_reason(text: bytes, reason: str) -> None:
    with pytest.raises(MalformedBrief) as told:
        parse_details(text, PLACE)
    assert str(told.value).startswith(PLACE)
    assert reason in str(told.value)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"sound": "https://host/x.wav?Signature=hidden"}, "sound"),
        ({"motion": "HTTP://anna:hidden@host/x.mp4"}, "motion"),
        ({"motion": "https://host/x.mp4#hidden"}, "motion"),
        ({"sound": "s3://anna:hidden@box/x.wav"}, "sound"),
        ({"parameters": {"style_level": "https://host/?hidden"}}, "parameters"),
        ({"deployments": {"https://host/?hidden": "mine"}}, "deployments"),
        ({"models": [[{"a": ["see https://host/ or https://host/?hidden"]}]]}, "models"),
        ({"https://host/x?hidden": 1}, "https://host/x"),
    ],
)
def test_a_web_address_that_may_be_signed_is_refused_without_being_shown(
    fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(MalformedBrief) as told:
        parse_details(json.dumps(fields), PLACE)
    assert str(told.value) == (
        f"{PLACE} cannot be used: {named}: a web address with a query, a fragment or a password may be "
        "signed, so it expires and is not meant for others; name the place without it; nothing was spent."
    )


@pytest.mark.parametrize(
    "place",
    [
        "https://host/a@b/x%3Fy.wav",
        "https://host:8443/x.wav",
        "s3://box/why?#1 a@b.wav",
        "s3://box/x.wav?versionId=3",
        "what?.wav",
    ],
)
def test_a_place_that_is_no_secret_is_taken_as_it_stands(place: str) -> None:
    assert parse_details(json.dumps({"sound": place}), PLACE) == {"sound": place}


def test_a_json_that_is_deep_and_still_read_is_looked_through() -> None:
    deep = "[" * 900 + '"https://host/?hidden"' + "]" * 900
    with pytest.raises(MalformedBrief, match="models: a web address"):
        parse_details(f'{{"models": {deep}}}', PLACE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_every_unicode_is_read(encoding: str) -> None:
    text = json.dumps({"sound": "陽子🙂.mp3", "take": 2}, ensure_ascii=False).encode(encoding)
    assert parse_details(text, PLACE) == {"sound": "陽子🙂.mp3", "take": 2}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"mood": "good"},
            "mood: there is no such field; choose from models, sound, motion, ratio",
        ),
        ({"take": 0}, "take: Input should be greater than or equal to 1"),
        ({"take": "two"}, "take: Input should be a valid integer"),
        ({"models": "emo"}, "models: Input should be a valid list"),
        ({"models": []}, "models: List should have at least 1 item"),
        ({"models": ["emu"]}, "models: emu is not a model; choose from wan-s2v, emo"),
        ({"models": [["emo"]]}, "models.0: Input should be a valid string"),
        ({"ratio": "16:9"}, "ratio: Input should be '1:1' or '3:4'"),
        ({"sound": 3}, "sound: Input should be a valid string"),
        ({"parameters": {"mood": "x"}}, "parameters: mood is not a parameter of wan-s2v"),
        (
            {"models": ["emo"], "parameters": {"style_level": "wild"}},
            "parameters: style_level = 'wild' is refused",
        ),
        (
            {"parameters": {"style_level": ["calm"]}},
            "parameters.style_level: a parameter is a text, a number, true or false",
        ),
        ({"deployments": {"emo": "mine"}}, "deployments: emo is not a model; choose from"),
        ({"deployments": {"emo-v1": ""}}, "deployments.emo-v1: a name has 1 to 128 letters"),
        ({"deployments": {"emo-v1": "x" * 129}}, "deployments.emo-v1: a name has 1 to 128"),
        ({"deployments": {"emo-v1": "mi\nne"}}, "deployments.emo-v1: a name has 1 to 128"),
    ],
)
def test_a_wrong_field_is_told_with_file_field_and_reason(
    fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(MalformedBrief) as told:
        make_brief({"portrait": "s3://box/anna.png", **fields}, PLACE)
    assert str(told.value).startswith(f"{PLACE} cannot be used: {words}")
    assert "\n" not in str(told.value)


def test_defaults_that_make_no_brief_are_told_before_any_portrait_is_looked_at() -> None:
    BriefDefaults(models=("emo",), parameters={"style_level": "calm"}).check()
    BriefDefaults(also_from=("s3://sounds", "s3://Sounds/", "https://host:8443/")).check()
    with pytest.raises(
        SettingsError, match=r"^the defaults cannot be used: models: emu is not a model"
    ):
        BriefDefaults(models=("emu",)).check()
    with pytest.raises(
        SettingsError, match=r"^the defaults cannot be used: parameters: mood is not a parameter"
    ):
        BriefDefaults(parameters={"mood": "good"}).check()


def test_defaults_come_as_json_too() -> None:
    told = {"models": ["wan-s2v", "emo"], "ratio": "3:4", "parameters": {"resolution": "480P"}}
    defaults = BriefDefaults.model_validate(told)
    assert defaults.models == ("wan-s2v", "emo")
    assert [brief.ratio for brief in defaults.check()] == ["3:4"]
