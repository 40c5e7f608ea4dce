"""Say what to film: portrait, sound or motion, models, parameters, take."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from greenlight.briefs.form_schema import offer_deployable, offer_models, offer_parameters
from greenlight.briefs.own_deployments import DeploymentName
from greenlight.briefs.signatures import UNSIGNED, refuse_signed
from greenlight.errors import SettingsError
from greenlight.ledger.checks import join_key
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family, Parameters, Role
from greenlight.modelstudio.question import Question

TEMPLATE_PREFIX = "AACT."
"""What the vendor's template ids begin with; anything else given as a motion is a video."""

ParameterValue = bool | int | float | str


class Brief(BaseModel):
    """Everything that decides a video."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    portrait: str = Field(
        title="Portrait",
        description="Where the picture lies: a file, an http(s) address or s3://bucket/key.",
        json_schema_extra={"minLength": 1, **UNSIGNED},
    )
    models: tuple[str, ...] = Field(
        default=(catalog.DEFAULT_FAMILY,),
        title="Models",
        min_length=1,
        description=f"{catalog.names_in_words()}; the first that passes is filmed.",
        json_schema_extra=offer_models,
    )
    sound: str | None = Field(
        default=None,
        title="Sound",
        description="Where the speech or song lies (wav or mp3); without it the portrait is only screened.",
        json_schema_extra=UNSIGNED,
    )
    motion: str | None = Field(
        default=None,
        title="Motion",
        description="For animate-anyone: where the motion video lies, or the id of a template.",
        json_schema_extra=UNSIGNED,
    )
    ratio: Literal["1:1", "3:4"] | None = Field(
        default=None,
        title="Ratio",
        description="For emo: 1:1 films the head, 3:4 the upper body; the default is 1:1.",
    )
    parameters: dict[str, ParameterValue] = Field(
        default_factory=dict,
        title="Parameters",
        description="The video model's own parameters, like style_level or resolution.",
        json_schema_extra=offer_parameters,
    )
    deployments: dict[str, DeploymentName] = Field(
        default_factory=dict,
        title="Own deployments",
        description="The name of your own deployment, by the vendor's model id that it stands for.",
        json_schema_extra=offer_deployable,
    )
    take: int = Field(
        default=1,
        ge=1,
        title="Take",
        description="A higher number makes a new video of the same brief, and pays again.",
    )

    @field_validator("portrait", "sound", "motion", mode="before")
    @classmethod
    def _nothing_is_signed(cls, place: Any, info: ValidationInfo) -> Any:
        refuse_signed(place, f"the {info.field_name}")
        return place

    @field_validator("models")
    @classmethod
    def _models_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in catalog.families():
                raise ValueError(
                    f"{name} is not a model; choose from {', '.join(catalog.families())}"
                )
        return names

    def families(self) -> list[Family]:
        """Return the families to try, in order."""
        return [catalog.family(name) for name in self.models]

    def question(self, family: Family) -> Question:
        """Return what a family is asked about the portrait."""
        return Question.chosen(family, self.ratio, self.deployments)

    def drive(self, family: Family) -> str | None:
        """Return the place of what drives a family's video: the sound, or the motion."""
        return self.motion if family.driven_by is Role.MOTION else self.sound

    def check_parameters_are_known(self) -> None:
        """Raise a `SettingsError` if a parameter is known to none of the models or out of its range."""
        known = {name for family in self.families() for name in family.parameters.model_fields}
        for name in self.parameters:
            if name not in known:
                raise SettingsError(
                    f"{name} is not a parameter of {' or '.join(self.models)}",
                    f"choose from {', '.join(sorted(known))}",
                )
        for family in self.families():
            self.resolve_parameters(family)

    def resolve_parameters(self, family: Family) -> Parameters:
        """Return a family's parameters with the defaults filled in; `SettingsError` names a wrong one."""
        given = {n: v for n, v in self.parameters.items() if n in family.parameters.model_fields}
        try:
            return family.parameters.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            raise SettingsError(
                f"{name} = {first['input']!r} is refused for {family.name}: {first['msg']}"
            ) from None


def is_template_id(motion: str) -> bool:
    """Whether a motion is the id of a template that exists already."""
    return motion.startswith(TEMPLATE_PREFIX)


def job_key(
    service: str,
    *,
    model: str,
    portrait: str,
    drive: str,
    parameters: Mapping[str, Any],
    take: int,
) -> str:
    """Return what identifies a paid generation: its service, and a hash of everything that decides it.

    `portrait` and `drive` are identities of content, never addresses; boxes and template ids follow from
    them. A template has no portrait.
    """
    decided = [model, portrait, drive, dict(parameters), take]
    text = json.dumps(decided, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return join_key(service, hashlib.sha256(text.encode()).hexdigest())


def parse_parameter(text: str) -> tuple[str, ParameterValue]:
    """Read `NAME=VALUE`; true, false and numbers are what they look like."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise SettingsError(
            f"{text!r} is not a parameter", "write NAME=VALUE, like style_level=calm"
        )
    try:
        parsed = json.loads(value)
    except json.JSONDecodeError:
        parsed = value
    return name, parsed if isinstance(parsed, bool | int | float) else value
