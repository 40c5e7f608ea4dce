"""Say what holds for every brief of a deployment, and read what a bundle's json says instead."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from greenlight.briefs import Brief
from greenlight.errors import InputError, SettingsError


def _like_a_brief(name: str) -> Any:
    return Brief.model_fields[name]


class MalformedBrief(InputError):  # noqa: N818 - the name of the outcome it stands for
    """What belongs together makes no brief; the sentence names file, field and reason."""


class BriefDefaults(BaseModel):
    """A brief without its portrait: what holds where a bundle says nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[str, ...] = _like_a_brief("models")
    sound: str | None = Field(
        default=None,
        title="Sound",
        description="A sound for every portrait that has none of its own beside it.",
    )
    motion: str | None = Field(
        default=None,
        title="Motion",
        description="For animate-anyone: a motion video, or the id of a template, for every portrait.",
    )
    ratio: str | None = _like_a_brief("ratio")
    parameters: dict[str, bool | int | float | str] = _like_a_brief("parameters")
    deployments: dict[str, str] = _like_a_brief("deployments")
    take: int = _like_a_brief("take")


def parse_details(text: bytes | str, place: str) -> dict[str, Any]:
    """Return the fields of a brief that a json says; `MalformedBrief` names the file and what is wrong."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedBrief(f"{place} is no JSON ({error})") from None
    if not isinstance(fields, dict):
        raise MalformedBrief(
            f'{place} holds no object; write the fields of a brief, like {{"take": 2}}'
        )
    if "portrait" in fields:
        raise MalformedBrief(f"{place}: portrait: the portrait is the picture of the same name")
    return fields


def make_brief(portrait: str, fields: dict[str, Any], place: str) -> Brief:
    """Return a brief whose fields were merged; `MalformedBrief` names file, field and reason."""
    try:
        brief = Brief.model_validate({"portrait": portrait, **fields})
        brief.check_parameters_are_known()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise MalformedBrief(f"{place}: {field}: {first['msg']}") from None
    except SettingsError as error:
        raise MalformedBrief(f"{place}: parameters: {error}") from None
    return brief
