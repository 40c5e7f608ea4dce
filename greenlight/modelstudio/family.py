"""Define what a model family is: what goes in, who looks at it first, what comes out.

A family is a value, one file each in `greenlight.modelstudio.families`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from greenlight.modelstudio.judgement import VerdictField
from greenlight.modelstudio.limits import PictureLimits, SoundLimits, VideoLimits
from greenlight.modelstudio.model import Model

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the portrait; the origin is the top left corner."""


class Verdict(BaseModel):
    """A gate's answer as a value: passed or not, and why; families add their own fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """The family's name for people."""
    passed: bool
    by: Literal["vendor", "preflight", "unchecked"] = "vendor"
    """Who says so: the vendor's detector, the limits of the model's document, or nobody."""
    code: str = ""
    reason: str = ""
    request_id: str = ""
    charged: bool = Field(default=True, exclude=True, repr=False)
    """Whether the vendor charges for it: a refusal that came as an HTTP error is free by its rule."""


class Parameters(BaseModel):
    """A video's parameters with the documented ranges and defaults; families define their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoRequest(BaseModel):
    """One paying request, ready to be sent: `path` below the base address and the JSON body."""

    model_config = ConfigDict(frozen=True)

    model: str
    path: str
    input: Mapping[str, Any] = Field(repr=False)
    """URLs among them may be signed, so it is not shown."""
    parameters: Mapping[str, Any]

    def body(self) -> dict[str, Any]:
        """Return the JSON body as the vendor wants it."""
        return {
            "model": self.model,
            "input": dict(self.input),
            "parameters": dict(self.parameters),
        }


class Role(StrEnum):
    """What an input is for."""

    PORTRAIT = "portrait"
    CLIP = "clip"
    """A video of the person who is filmed."""
    SOUND = "sound"
    MOTION = "motion"
    """A video whose movement drives another."""


Limits = PictureLimits | SoundLimits | VideoLimits


@dataclass(frozen=True, slots=True)
class Input:
    """One of the things that a video is made of: its role, its field in the request, its limits."""

    role: Role
    field: str
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a detector was asked, for those who read its answer."""

    passed: bool
    ratio: str | None
    picture_size: tuple[int, int] | None
    request_id: str


def _says_nothing_more(output: Mapping[str, Any], asked: Asked) -> dict[str, Any]:  # noqa: ARG001
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A detector that looks at a portrait before the dear step, and how its answer is read."""

    model: Model
    field: VerdictField = "check_pass"
    """The field of the answer that says whether the portrait passed."""
    read_more: Callable[[Mapping[str, Any], Asked], dict[str, Any]] = _says_nothing_more
    """Returns the verdict's own fields; `ProtocolError` if they fit no known shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The model that turns a motion into a template, once, and the field that takes the motion."""

    model: Model
    field: str = "video_url"


def _one_price(parameters: Parameters, ratio: str | None) -> str:  # noqa: ARG001
    return ""


def _the_shortest(parameters: Parameters, seconds: Mapping[Role, float]) -> float:  # noqa: ARG001
    return min(seconds.values())


def _as_they_are(parameters: Parameters, verdict: Verdict) -> tuple[Parameters, str]:  # noqa: ARG001
    return parameters, ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """A video model, the inputs that it is made of, and the gate before it."""

    name: str
    """The name for people: `wan-s2v`, `emo`."""
    inputs: tuple[Input, ...]
    check: Check | None = None
    """Who looks at the portrait before the dear step; without one nobody does."""
    template: Template | None = None
    """Where the motion becomes a template first."""
    video: Model
    parameters: type[Parameters] = Parameters
    verdict: type[Verdict] = Verdict
    handed_on: frozenset[str] = frozenset()
    """Fields of the verdict that the video's request repeats as they came."""
    ratios: tuple[str, ...] = ()
    """The ratios that it can be asked for, the default first; empty where it takes none."""
    price_variant: Callable[[Parameters, str | None], str] = _one_price
    """Returns the key into the video model's `prices_cny` that parameters and ratio come to."""
    length_seconds: Callable[[Parameters, Mapping[Role, float]], float] = _the_shortest
    """Returns how long the video is, by the lengths of its inputs: the shortest ends it."""
    adapt_parameters: Callable[[Parameters, Verdict], tuple[Parameters, str]] = _as_they_are
    """Returns the parameters that suit a verdict, and in words what was changed and why."""

    def __post_init__(self) -> None:
        """Refuse a family that shows a clip to a detector, as detectors look at pictures."""
        if self.check is not None and self.subject is Role.CLIP:
            raise ValueError(f"{self.name} films a clip, and a check looks at a portrait")

    def input_of(self, role: Role) -> Input | None:
        """Return the input of a role, `None` if the family takes none."""
        return next((taken for taken in self.inputs if taken.role is role), None)

    @property
    def subject(self) -> Role:
        """Return the role of who is filmed: a portrait, or a clip."""
        return Role.CLIP if self.input_of(Role.CLIP) else Role.PORTRAIT

    @property
    def picture(self) -> PictureLimits:
        """Return what a portrait must be."""
        taken = self.input_of(Role.PORTRAIT)
        return (
            taken.limits if taken and isinstance(taken.limits, PictureLimits) else PictureLimits()
        )

    @property
    def clip(self) -> VideoLimits:
        """Return what a clip must be."""
        taken = self.input_of(Role.CLIP)
        return taken.limits if taken and isinstance(taken.limits, VideoLimits) else VideoLimits()

    @property
    def sound(self) -> SoundLimits | None:
        """Return what a sound must be, `None` if none is taken."""
        taken = self.input_of(Role.SOUND)
        return taken.limits if taken and isinstance(taken.limits, SoundLimits) else None

    @property
    def motion(self) -> VideoLimits | None:
        """Return what a motion must be, `None` if none is taken."""
        taken = self.input_of(Role.MOTION)
        return taken.limits if taken and isinstance(taken.limits, VideoLimits) else None

    @property
    def driven_by(self) -> Role:
        """Return the role of what drives the video: a sound or a motion."""
        return Role.SOUND if self.sound is not None else Role.MOTION

    @property
    def models(self) -> tuple[Model, ...]:
        """Return the vendor's models of this family."""
        before = (self.check, self.template)
        return (*(step.model for step in before if step is not None), self.video)

    @property
    def is_retired(self) -> bool:
        """Whether the vendor has announced to switch one of its models off."""
        return any(model.retires_on is not None for model in self.models)

    @property
    def check_price_cny(self) -> Decimal:
        """Return the price of one check."""
        return self.check.model.prices_cny["image"] if self.check else Decimal(0)

    def unchecked(self) -> Verdict:
        """Return the verdict of a family that has no gate: passed, by nobody, for nothing."""
        return self.verdict(model=self.name, passed=True, by="unchecked", charged=False)

    def resolve_ratio(self, ratio: str | None) -> str | None:
        """Return the ratio to send: the asked one or the default; `ValueError` if not offered."""
        if not self.ratios:
            return None
        if ratio is None:
            return self.ratios[0]
        if ratio not in self.ratios:
            raise ValueError(
                f"{self.name} takes a ratio of {' or '.join(self.ratios)}, not {ratio}"
            )
        return ratio

    def price_per_second_cny(self, parameters: Parameters, ratio: str | None) -> Decimal:
        """Return the price of one second of output."""
        return self.video.prices_cny[self.price_variant(parameters, self.resolve_ratio(ratio))]

    def video_request(
        self,
        urls: Mapping[Role, str],
        verdict: Verdict,
        parameters: Parameters,
        deployment: str | None = None,
    ) -> VideoRequest:
        """Build the paying request from the addresses of the inputs; a template's is its id.

        Raises `ValueError` unless the verdict (passed) and the parameters are the family's own, and every
        input is there.
        """
        if not isinstance(verdict, self.verdict) or not verdict.passed:
            raise ValueError(
                f"{self.name} films only a {self.subject} that its own check has passed"
            )
        if not isinstance(parameters, self.parameters):
            raise ValueError(f"{self.name} takes its own parameters only")  # noqa: TRY004
        missing = [taken.role for taken in self.inputs if not urls.get(taken.role)]
        if missing:
            raise ValueError(f"{self.name} needs a {' and a '.join(missing)}")
        media = {taken.field: urls[taken.role] for taken in self.inputs}
        return VideoRequest(
            model=deployment or self.video.id,
            path=self.video.path,
            input=media | verdict.model_dump(include=set(self.handed_on)),
            parameters=parameters.model_dump(mode="json", exclude_none=True),
        )

    def template_request(self, video_url: str, deployment: str | None = None) -> VideoRequest:
        """Build the paying request that turns a motion into a template.

        The vendor's page prints the motion's address as not required; without it there is nothing to do.
        """
        if self.template is None or not video_url:
            raise ValueError("a template is made from the URL of a motion video")
        return VideoRequest(
            model=deployment or self.template.model.id,
            path=self.template.model.path,
            input={self.template.field: video_url},
            parameters={},
        )
