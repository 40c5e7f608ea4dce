"""Tell of the flows, their deployments and their parameters, out of their signatures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

from prefect import Flow
from pydantic.fields import FieldInfo

from deployments.definitions import read_definitions
from flows.collect_videos import collect_videos
from flows.on_upload import on_upload
from flows.portrait_to_video import portrait_to_video
from flows.screen_portraits import screen_portraits
from generator.attributes import docs_of
from generator.markdown import bullets, code, paragraph, sentence, told, write_page
from greenlight.uploads import events

FLOWS: tuple[Flow[..., Any], ...] = (
    portrait_to_video,
    screen_portraits,
    on_upload,
    collect_videos,
)
INTRODUCTION = """
Four flows, each of which `deployments/prefect.yaml` deploys under a name of its own. A form in
Prefect's UI, `prefect deployment run FLOW/NAME --param NAME=VALUE` and a call from Python take the
same parameters. How runs end stands under [events and states](events-and-states.md).
"""
Schema = Mapping[str, Any]
WORDS = {"string": "text", "boolean": "true or false", "object": "names and values"}


def page() -> str:
    """Return the page of the flows."""
    parts = (part for flow in FLOWS for part in _flow(flow))
    return write_page("Flows", paragraph(INTRODUCTION), *parts, *_values())


def _flow(flow: Flow[..., Any]) -> Iterator[str]:
    function = flow.fn
    entrypoint = f"{function.__module__}.{function.__name__}"
    deployed = [one["name"] for one in read_definitions({}) if one["entrypoint"] == entrypoint]
    names = ", ".join(code(f"{flow.name}/{name}") for name in deployed)
    called = code(f"from {function.__module__} import {function.__name__}")
    yield f"## {code(flow.name)}"
    yield told((function.__doc__ or "").partition("Args:")[0])
    yield f"In Python: {called}. Deployed as {names}."
    yield bullets(_parameters(flow))


def _parameters(flow: Flow[..., Any]) -> Iterator[str]:
    hints = get_type_hints(flow.fn, include_extras=True)
    for name, schema in flow.parameters.properties.items():
        about = next(one for one in hints[name].__metadata__ if isinstance(one, FieldInfo))
        required = name in (flow.parameters.required or [])
        yield _line(name, schema, required=required, about=about.description or "")


def _values() -> Iterator[str]:
    """Yield what the values are made of that are more than a text or a number."""
    definitions: dict[str, Any] = {}
    for flow in FLOWS:
        definitions |= flow.parameters.definitions or {}
    docs = docs_of(events)
    for name, one in sorted(definitions.items()):
        yield f"## {name}"
        yield paragraph(one["description"])
        yield bullets(
            _line(
                field,
                schema,
                required=field in one.get("required", []),
                about=schema.get("description") or docs.get(f"{name}.{field}", ""),
            )
            for field, schema in one["properties"].items()
        )


def _line(name: str, schema: Schema, *, required: bool, about: str) -> str:
    default = schema.get("default")
    notes = [_kind(schema)]
    if required:
        notes.append("required")
    elif default not in (None, [], ()) and "$ref" not in schema:
        notes.append(f"default {code(_plain(default))}")
    return f"{code(name)} ({', '.join(notes)})" + (f": {sentence(about)}" if about else "")


def _kind(schema: Schema) -> str:
    """Return what a value of a JSON schema is, in a word or two."""
    if reference := schema.get("$ref"):
        name = str(reference).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return " or ".join(map(code, schema["enum"]))
    if schema["type"] == "array":
        return f"list of {_kind(schema['items'])}"
    return WORDS.get(schema["type"], str(schema["type"]))


def _plain(default: object) -> str:
    if isinstance(default, list | tuple):
        return ", ".join(map(str, default))
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)
