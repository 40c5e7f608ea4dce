"""A brief's schema offers what there is, and refuses no brief that can be made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from greenlight.briefs.brief import Brief
from greenlight.errors import SettingsError
from greenlight.modelstudio import catalog
from greenlight.work.bundles import BriefDefaults

SCHEMA = Brief.model_json_schema()
NAMES = sorted(
    {
        name
        for family in catalog.families().values()
        for name in family.parameters.model_json_schema()["properties"]
    }
)
VALUES = st.one_of(
    st.booleans(),
    st.integers(-2, 40),
    st.floats(-1, 2),
    st.sampled_from(["normal", "calm", "active", "480P", "720P", "speech", "3:4", "0.5", "24"]),
)


def complaints(**fields: Any) -> list[str]:
    """Return what a form would tell of a brief with these fields."""
    found = Draft202012Validator(SCHEMA).iter_errors({"portrait": "a.png", **fields})
    return [error.message for error in found]


@pytest.mark.parametrize("told", [Brief, BriefDefaults])
def test_the_models_are_offered_one_by_one(told: type[Brief]) -> None:
    models = told.model_json_schema()["properties"]["models"]
    assert models["items"]["enum"] == list(catalog.families())
    assert models["minItems"] == 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"portrait": ""}, "'' should be non-empty"),
        ({"models": ["veo"]}, "'veo' is not one of ['wan-s2v', 'emo', "),
        ({"models": []}, "[] should be non-empty"),
        ({"ratio": "16:9"}, "'16:9' is not"),
        ({"take": 0}, "0 is less than the minimum of 1"),
        ({"takes": 2}, "('takes' was unexpected)"),
        ({"parameters": {"mood": "good"}}, "'mood' is not one of ['eye_move_freq', "),
        ({"parameters": {"style_level": "wild"}}, "'wild' is not one of ['normal', 'calm', "),
        ({"parameters": {"video_fps": 31}}, "31 is greater than the maximum of 30"),
        ({"parameters": {"resolution": {"of": 1}}}, "{'of': 1} is not of type "),
        ({"parameters": {"style": "song"}}, "'speech' was expected"),
        ({"deployments": {"veo": "mine"}}, "'veo' is not one of ['wan2.2-s2v-detect', "),
    ],
)
def test_what_no_brief_takes_is_refused_in_words(fields: dict[str, Any], told: str) -> None:
    assert [one for one in complaints(**fields) if told in one], complaints(**fields)


@given(
    models=st.lists(st.sampled_from(list(catalog.families())), min_size=1),
    parameters=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3),
    take=st.integers(1, 9),
    ratio=st.sampled_from([None, "1:1", "3:4"]),
)
def test_no_brief_that_can_be_made_is_refused(
    models: list[str], parameters: dict[str, Any], take: int, ratio: str | None
) -> None:
    fields: dict[str, Any] = {"models": tuple(models), "parameters": parameters, "take": take}
    brief = Brief(portrait="a.png", ratio=ratio, **fields)  # type: ignore[arg-type]
    try:
        brief.check_parameters_are_known()
    except SettingsError:
        return
    assert complaints(**brief.model_dump(mode="json")) == []
