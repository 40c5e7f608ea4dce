"""What decides a video, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from greenlight.briefs.brief import Brief, job_key, parse_parameter
from greenlight.errors import InputError, SettingsError
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Role
from greenlight.work.bundles import BriefDefaults

DECIDED: dict[str, Any] = {
    "model": "emo-v1",
    "subject": "sha256-ab",
    "drive": "sha256-cd",
    "parameters": {"style_level": "normal", "ratio": "1:1"},
    "take": 1,
}


def test_the_order_of_parameters_decides_nothing() -> None:
    turned = dict(reversed(DECIDED["parameters"].items()))
    assert job_key("s", **DECIDED) == job_key("s", **DECIDED | {"parameters": turned})


@pytest.mark.parametrize(
    "change",
    [
        {"model": "my-deployment"},
        {"subject": "sha256-ef"},
        {"drive": "sha256-ef"},
        {"parameters": {"style_level": "calm", "ratio": "1:1"}},
        {"parameters": {"style_level": "normal", "ratio": "3:4"}},
        {"take": 2},
    ],
)
def test_everything_else_makes_another_job(change: dict[str, Any]) -> None:
    assert job_key("s", **DECIDED) != job_key("s", **DECIDED | change)


def test_a_key_begins_with_its_service() -> None:
    assert job_key("127.0.0.1:80", **DECIDED).startswith("127.0.0.1%3A80,")
    assert job_key("a:80", **DECIDED) != job_key("b:80", **DECIDED)


def test_defaults_are_filled_in() -> None:
    brief = Brief(portrait="a.png", models=("wan-s2v",))
    parameters = brief.resolve_parameters(catalog.family("wan-s2v"))
    assert parameters.model_dump()["resolution"] == "480P"


def test_a_model_gets_only_the_parameters_that_it_knows() -> None:
    brief = Brief(
        portrait="a.png",
        models=("emo", "wan-s2v"),
        parameters={"style_level": "calm", "resolution": "720P"},
    )
    brief.check_parameters_are_known()
    assert brief.resolve_parameters(catalog.family("emo")).model_dump() == {"style_level": "calm"}


def test_a_parameter_that_no_model_knows_is_named() -> None:
    with pytest.raises(SettingsError, match="mood is not a parameter of wan-s2v"):
        Brief(portrait="a.png", parameters={"mood": "good"}).check_parameters_are_known()


def test_a_value_out_of_range_is_named() -> None:
    brief = Brief(portrait="a.png", models=("liveportrait",), parameters={"video_fps": 31})
    with pytest.raises(SettingsError, match="video_fps = 31"):
        brief.check_parameters_are_known()


def test_an_unknown_model_is_no_brief() -> None:
    with pytest.raises(ValidationError, match="not a model"):
        Brief(portrait="a.png", models=("veo",))


@pytest.mark.parametrize(
    "name", ["", "a\nb", "a\x00b", "a\x1bb", "a\u2028b", "a\ud800b", "x" * 129]
)
def test_a_name_of_a_deployment_that_no_request_or_ledger_can_carry_is_no_brief(name: str) -> None:
    with pytest.raises(ValidationError, match="a name has 1 to 128 letters, and no line break"):
        Brief(portrait="a.png", deployments={"emo-v1": name})


@pytest.mark.parametrize("name", ["my-emo", "my emo 2", "陽" * 128])
def test_every_other_name_of_a_deployment_is_taken(name: str) -> None:
    assert Brief(portrait="a.png", deployments={"emo-v1": name}).deployments == {"emo-v1": name}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "a brief has one subject; give a portrait or a clip"),
        ({"portrait": "a.png", "clip": "a.mp4"}, "a brief has one subject"),
        (
            {"portrait": "a.png", "models": ("wan-s2v", "lips")},
            "lips films a clip, and a portrait is given; choose from wan-s2v",
        ),
        ({"clip": "a.mp4"}, "wan-s2v films a portrait, and a clip is given; choose from lips"),
    ],
)
@pytest.mark.usefixtures("lips")
def test_a_brief_has_one_subject_which_all_its_models_film(
    fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        Brief.model_validate(fields)


def test_where_no_model_films_a_clip_a_portrait_is_asked_for() -> None:
    with pytest.raises(ValidationError, match="a clip is given; give a portrait"):
        Brief(clip="a.mp4")


@pytest.mark.usefixtures("lips")
def test_the_models_decide_whether_a_place_is_a_portrait_or_a_clip() -> None:
    portrait, clip = Brief.about("a"), Brief.about("a", models=("lips",), sound="a.mp3")
    assert (portrait.portrait, portrait.clip, portrait.role) == ("a", None, Role.PORTRAIT)
    assert (clip.portrait, clip.clip, clip.role) == (None, "a", Role.CLIP)
    assert portrait.subject == clip.subject == "a"
    with pytest.raises(SettingsError, match="emo films a portrait and lips a clip; choose models"):
        Brief.about("a", models=("emo", "lips"))


def test_a_form_requires_a_portrait_while_no_model_films_a_clip() -> None:
    form = Draft202012Validator(Brief.model_json_schema())
    assert form.is_valid({"portrait": "a.png", "clip": None})
    (error,) = form.iter_errors({"clip": "a.mp4"})
    assert error.message == "'portrait' is a required property"
    assert not form.is_valid({"portrait": None})


@pytest.mark.usefixtures("lips")
def test_a_form_refuses_a_brief_without_any_subject() -> None:
    form = Draft202012Validator(Brief.model_json_schema())
    assert form.is_valid({"portrait": "a.png"})
    assert form.is_valid({"portrait": None, "clip": "a.mp4"})
    for nobody in ({}, {"portrait": None}, {"portrait": None, "clip": None}):
        assert not form.is_valid(nobody)


SIGNED = (
    "https://b.s3.amazonaws.com/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=c0ffee",
    "https://b.s3.amazonaws.com/a?X-Amz-Security-Token=c0ffee",
    "HTTPS://b.oss-cn-beijing.aliyuncs.com/a?OSSAccessKeyId=c0ffee&Expires=1&Signature=c0ffee",
    "https://b.oss-cn-beijing.aliyuncs.com/a?x-oss-signature=c0ffee",
    "https://storage.googleapis.com/b/a?X-Goog-Signature=c0ffee",
    "https://b.blob.core.windows.net/c/a?sv=2024&sig=c0ffee",
    "https://cdn.example.com/a?auth_key=c0ffee",
    "http://example.com/a?token=c0ffee#part",
    "http://example.com/a?x=1;accessToken=c0ffee",
    "https://anna:c0ffee@example.com/a",
    "https://c0ffee@example.com/a",
    "public+https://example.com/a?sign=c0ffee",
)
PLAIN = (
    "a.png",
    "design=token=1.png",
    "s3://bucket/who?token=1.png",
    "s3://bucket/anna.png?versionId=3",
    "https://example.com/a.png",
    "https://example.com/a@2x.png?width=400&design=new&assign=1",
    "https://example.com/signature=1/token=2.png",
    "https://example.com/a.png#sig=1",
    "AACT.template",
)


@pytest.mark.usefixtures("lips")
@pytest.mark.parametrize("kind", [Brief, BriefDefaults])
@pytest.mark.parametrize("name", ["portrait", "clip", "sound", "motion"])
@pytest.mark.parametrize("place", SIGNED)
def test_a_signed_address_is_refused_before_prefect_can_keep_it(
    place: str, name: str, kind: type[BaseModel]
) -> None:
    if name not in kind.model_fields:
        return
    fields = {"portrait": "a.png"} if kind is Brief and name != "clip" else {}
    with pytest.raises(InputError, match="give s3://bucket/key, a file") as caught:
        kind.model_validate({**fields, name: place})
    assert f"is given as the {name} with a signature" in str(caught.value)
    assert "c0ffee" not in repr(caught.value)
    errors = Draft202012Validator(kind.model_json_schema()).iter_errors({**fields, name: place})
    assert [[*one.path] for one in errors] == [[name]]


@pytest.mark.parametrize("place", PLAIN)
def test_what_is_not_signed_is_taken_by_brief_and_form(place: str) -> None:
    brief = Brief(portrait=place, sound=place, motion=place)
    told = brief.model_dump(mode="json")
    assert not [*Draft202012Validator(Brief.model_json_schema()).iter_errors(told)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("style_level=calm", ("style_level", "calm")),
        ("video_fps=24", ("video_fps", 24)),
        ("paste_back=false", ("paste_back", False)),
        ("eye_move_freq=0.5", ("eye_move_freq", 0.5)),
        ("video_ratio=9:16", ("video_ratio", "9:16")),
        ("name=a=b", ("name", "a=b")),
    ],
)
def test_a_parameter_is_read_as_what_it_looks_like(text: str, expected: tuple[str, Any]) -> None:
    assert parse_parameter(text) == expected


@pytest.mark.parametrize("text", ["style_level", "=calm", ""])
def test_what_is_no_parameter_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="NAME=VALUE"):
        parse_parameter(text)
