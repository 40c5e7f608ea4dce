"""The forms of the flows explain what each parameter is, and tell what is wrong before a run starts."""

from __future__ import annotations

from typing import Any

import pytest
from prefect import Flow
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import validate

from flows.collect_videos import collect_videos
from flows.portrait_to_video import portrait_to_video

FLOWS: list[Flow[..., Any]] = [portrait_to_video, collect_videos]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_parameter_has_a_title_and_a_description(flow: Flow[..., Any]) -> None:
    schema = parameter_schema(flow)
    for name, told in schema.properties.items():
        assert told.get("description", "").endswith("."), name
        # A title that is the same as the value's own is left out.
        title = told.get("title") or schema.definitions[told["$ref"].rpartition("/")[2]]["title"]
        assert title != name
        assert title[0].isupper()


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "brief"),
        ({"brief": {}}, "portrait"),
        ({"brief": {"portrait": "a.png"}, "wait_seconds": -1}, "wait_seconds"),
        ({"brief": {"portrait": "a.png"}, "max_cny": "much"}, "max_cny"),
        ({"brief": {"portrait": "a.png", "models": ["veo"]}}, "models"),
        # The server keeps no run whose parameters its schema refuses.
        ({"brief": {"portrait": "https://a.example/b.png?Signature=hush"}}, "portrait"),
        ({"brief": {"portrait": "a.png", "sound": "https://a.example/?token=hush"}}, "sound"),
    ],
)
def test_wrong_input_is_told_by_its_field(parameters: dict[str, Any], field: str) -> None:
    schema = parameter_schema(portrait_to_video).model_dump_for_openapi()
    (error,) = validate(parameters, schema)
    assert field in [*error.path, *error.message.split("'")]


def test_a_brief_that_is_right_is_taken() -> None:
    schema = parameter_schema(portrait_to_video).model_dump_for_openapi()
    brief = {"portrait": "a.png", "models": ["emo"], "parameters": {"style_level": "calm"}}
    assert validate({"brief": brief, "out": None, "max_cny": 5}, schema) == []
