"""Say what holds for every brief of a deployment, and read what a bundle's json says instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from greenlight.briefs.brief import SUBJECTS, Brief, ParameterValue
from greenlight.briefs.signatures import UNSIGNED, refuse_signed
from greenlight.errors import InputError, Part, SettingsError
from greenlight.media.subjects import KIND_OF
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Role
from greenlight.modelstudio.redaction import without_secrets
from greenlight.work.bundles.origins import ORIGIN, require_origins

_LINK: Final = re.compile(
    r"\b(?:(?!s3:)[a-z][a-z0-9+.-]*://[^?#]*[?#]|[a-z][a-z0-9+.-]*://[^/?#]*@)", re.IGNORECASE
)
"""An address with a query, a fragment or a password; what follows a question mark in S3 is no secret."""


def _like_a_brief(name: str) -> Any:
    return Brief.model_fields[name]


class MalformedBrief(InputError):  # noqa: N818 - the name of the outcome it stands for
    """What belongs together makes no brief; the sentence names file, field and reason."""

    @classmethod
    def in_field(
        cls, place: str, field: str, why: str, advice: Part | None = None
    ) -> MalformedBrief:
        """Return the error of one field of what is written in a place."""
        return cls(f"cannot be used: {field}: {why}", advice, subject=place)


class BriefDefaults(BaseModel):
    """A brief without its subject: what holds where a bundle says nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[str, ...] = _like_a_brief("models")
    sound: str | None = Field(
        default=None,
        title="Sound",
        description="A sound for every portrait that has none of its own beside it.",
        json_schema_extra=UNSIGNED,
    )
    motion: str | None = Field(
        default=None,
        title="Motion",
        description=(
            f"{catalog.for_families(catalog.taking(Role.MOTION))}: "
            "a motion video, or the id of a template, for every portrait."
        ),
        json_schema_extra=UNSIGNED,
    )
    ratio: Literal["1:1", "3:4"] | None = _like_a_brief("ratio")
    parameters: dict[str, ParameterValue] = _like_a_brief("parameters")
    deployments: dict[str, str] = _like_a_brief("deployments")
    take: int = _like_a_brief("take")
    also_from: tuple[Annotated[str, Field(json_schema_extra=ORIGIN)], ...] = Field(
        default=(),
        title="Also from",
        description="What a json in a bucket may name besides its own bucket: s3://bucket or https://host.",
    )

    @field_validator("sound", "motion", mode="before")
    @classmethod
    def _nothing_is_signed(cls, place: Any, info: ValidationInfo) -> Any:
        refuse_signed(place, f"the {info.field_name}")
        return place

    @field_validator("also_from")
    @classmethod
    def _buckets_or_hosts(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        require_origins(origins)
        return origins

    def of_a_brief(self) -> dict[str, Any]:
        """Return the fields that a brief has too, as far as they say anything."""
        return self.model_dump(exclude_none=True, exclude={"also_from"})

    def check(self) -> list[Brief]:
        """Return the briefs of any portrait and clip; `SettingsError` says why none can be made with them."""
        usual = [(role, filming_only(role, self.of_a_brief())) for role in SUBJECTS]
        try:
            return [
                make_brief({role.value: "anna", **fields}, "the defaults")
                for role, fields in usual
                if fields["models"]
            ]
        except MalformedBrief as error:
            raise SettingsError(error.what, error.advice, subject=error.subject) from None


def parse_details(text: bytes | str, place: str) -> dict[str, Any]:
    """Return the fields of a brief that a json says; `MalformedBrief` names the file and what is wrong.

    What is returned holds no link that may be signed, so it can be written down.
    """
    try:
        fields = json.loads(text, parse_constant=_refuse)
        _expect_storable(fields)
    except (ValueError, RecursionError) as error:
        raise MalformedBrief(f"is not JSON ({_in_short(error)})", subject=place) from None
    if not isinstance(fields, dict):
        raise MalformedBrief(
            "holds no object", 'write the fields of a brief, like {"take": 2}', subject=place
        )
    # Who is filmed, the files of a bundle decide.
    for role in SUBJECTS:
        if role in fields:
            raise MalformedBrief.in_field(
                place, role, f"the {role} is the {KIND_OF[role]} of the same name", "leave it out"
            )
    _expect_no_secret(fields, place)
    return fields


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _expect_storable(fields: Any) -> None:
    """Raise a `ValueError` for what no database takes: NUL, and halves of characters."""
    dumped = json.dumps(fields, ensure_ascii=False)
    dumped.encode()
    if r"\u0000" in dumped:
        raise ValueError("it has a NUL")


def _expect_no_secret(fields: dict[str, Any], place: str) -> None:
    """Refuse what books, logs and Prefect would show whole, wherever it stands in a json."""
    for name, value in fields.items():
        if any(_LINK.search(text) for text in _texts([name, value])):
            raise MalformedBrief.in_field(
                place,
                without_secrets(name),
                "a web address with a query, a fragment or a password may be signed, so it expires and is "
                "not meant for others",
                "name the place without it",
            )


def _texts(fields: Any) -> Iterator[str]:
    """Yield all texts, names too; a json may be nested as deeply as a function can call itself."""
    waiting = [fields]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case list(values):
                waiting += values
            case dict(values):
                waiting += [*values, *values.values()]


def _in_short(error: Exception) -> str:
    """Say what is wrong with a JSON, without its content."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return "it is not Unicode text" if isinstance(error, UnicodeError) else str(error)


def filming_only(subject: Role, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a brief without the models that film another subject, and what only those know.

    What is no model stays, to be refused.
    """
    named = fields["models"]
    if not isinstance(named, list | tuple):
        return fields
    known = catalog.families()
    models = filming(subject, named)
    theirs = {
        one for name in named if name not in models for one in known[name].parameters.model_fields
    }
    ours = {
        one for name in models if name in list(known) for one in known[name].parameters.model_fields
    }
    given = fields.get("parameters")
    if isinstance(given, dict):
        given = {name: value for name, value in given.items() if name not in theirs - ours}
    return fields | {"models": models} | ({} if given is None else {"parameters": given})


def filming(subject: Role, models: Iterable[str]) -> list[str]:
    """Return those of the models that film a portrait, or a clip; an unknown name stays, to be refused."""
    others = [
        family.name for family in catalog.families().values() if family.subject is not subject
    ]
    return [name for name in models if name not in others]


def make_brief(fields: dict[str, Any], place: str) -> Brief:
    """Return a brief whose fields were merged; `MalformedBrief` names file, field and reason."""
    try:
        brief = Brief.model_validate(fields)
        brief.check_parameters_are_known()
    except ValidationError as error:
        raise MalformedBrief.in_field(place, *_first_of(error)) from None
    except SettingsError as error:
        raise MalformedBrief.in_field(place, "parameters", error.what, error.advice) from None
    _expect_known_deployments(brief, place)
    return brief


def _first_of(error: ValidationError) -> tuple[str, str, str | None]:
    """Return a validation's first error for people who write JSON: the field, the reason and what to do."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"][:2])
    if first["type"] == "extra_forbidden":
        known = ", ".join(name for name in Brief.model_fields if name not in SUBJECTS)
        return field, "there is no such field", f"choose from {known}"
    if first["loc"][:1] == ("parameters",) and len(first["loc"]) > 2:
        return field, "a parameter is a text, a number, true or false", None
    reason = first["msg"].removeprefix("Value error, ")
    return field, reason.replace("Tuple", "List").replace("tuple", "list"), None


def _expect_known_deployments(brief: Brief, place: str) -> None:
    for model in brief.deployments:
        if model not in catalog.models():
            raise MalformedBrief.in_field(
                place,
                "deployments",
                f"{model} is not a model",
                f"choose from {', '.join(catalog.models())}",
            )
