"""Say what to film: portrait or clip, sound or motion, models, parameters, take."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from greenlight.briefs.form_schema import (
    offer_deployable,
    offer_models,
    offer_parameters,
    require_subject,
)
from greenlight.briefs.own_deployments import DeploymentName
from greenlight.briefs.signatures import UNSIGNED, refuse_signed
from greenlight.errors import SettingsError
from greenlight.ledger.checks import join_key
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family, Parameters, Role
from greenlight.modelstudio.question import Question

SUBJECTS = (Role.PORTRAIT, Role.CLIP)
"""Who is filmed is one of them; the fields of a brief are called like them."""
TEMPLATE_PREFIX = "AACT."
"""What the vendor's template ids begin with; anything else given as a motion is a video."""

ParameterValue = bool | int | float | str


class Brief(BaseModel):
    """Everything that decides a video."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=require_subject)

    portrait: str | None = Field(
        default=None,
        title="Portrait",
        description="Where the picture lies: a file, an http(s) address or s3://bucket/key.",
        json_schema_extra={"minLength": 1, **UNSIGNED},
    )
    clip: str | None = Field(
        default=None,
        title="Clip",
        description=(
            f"{catalog.for_families(catalog.filming(Role.CLIP))}: "
            "a video of the person, instead of a portrait."
        ),
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
        description=(
            f"{catalog.for_families(catalog.taking(Role.MOTION))}: "
            "where the motion video lies, or the id of a template."
        ),
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

    @field_validator("portrait", "clip", "sound", "motion", mode="before")
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

    @model_validator(mode="after")
    def _has_the_subject_of_its_models(self) -> Self:
        given = [role for role in SUBJECTS if getattr(self, role)]
        if len(given) != 1:
            raise ValueError("a brief has one subject; give a portrait or a clip")
        for family in self.families():
            if family.subject is not given[0]:
                others = catalog.to_film(given[0])
                way = f"choose from {others}" if others else f"give a {family.subject}"
                raise ValueError(
                    f"{family.name} films a {family.subject}, and a {given[0]} is given; {way}"
                )
        return self

    @classmethod
    def about(cls, subject: str, **fields: Any) -> Brief:
        """Return the brief of a portrait or a clip, whichever its models film.

        Raises a `SettingsError` if some of them film the one and some the other.
        """
        models = fields.get("models", (catalog.DEFAULT_FAMILY,))
        return cls.model_validate({subject_of(models): subject, **fields})

    @property
    def subject(self) -> str:
        """Return the place of who is filmed: of the portrait, or of the clip."""
        return self.portrait or self.clip or ""

    @property
    def role(self) -> Role:
        """Return what the subject is: a portrait, or a clip."""
        return Role.CLIP if self.clip else Role.PORTRAIT

    def families(self) -> list[Family]:
        """Return the families to try, in order."""
        return [catalog.family(name) for name in self.models]

    def question(self, family: Family) -> Question:
        """Return what a family is asked about the subject."""
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


def subject_of(models: Iterable[str]) -> Role:
    """Return whether models film a portrait or a clip; `SettingsError` where they do not agree."""
    known = catalog.families()
    films = {known[name].subject: name for name in models if name in known}
    if len(films) > 1:
        raise SettingsError(
            f"{films[Role.PORTRAIT]} films a portrait and {films[Role.CLIP]} a clip",
            "choose models that film the same",
        )
    return next(iter(films), Role.PORTRAIT)


def is_template_id(motion: str) -> bool:
    """Whether a motion is the id of a template that exists already."""
    return motion.startswith(TEMPLATE_PREFIX)


def job_key(
    service: str,
    *,
    model: str,
    subject: str,
    drive: str,
    parameters: Mapping[str, Any],
    take: int,
) -> str:
    """Return what identifies a paid generation: its service, and a hash of everything that decides it.

    `subject` and `drive` are identities of content, never addresses; boxes and template ids follow from
    them. A template has no subject.
    """
    decided = [model, subject, drive, dict(parameters), take]
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
