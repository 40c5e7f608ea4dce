"""Define what a model family is: its check, its verdict and its video request.

A family is one file beside this one that ends with `FAMILY = ...`; `catalog.families` finds it.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from greenlight.modelstudio.catalog import Model, MotionLimits, PictureLimits, SoundLimits

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the portrait; the origin is the top left corner."""


class Verdict(BaseModel):
    """A detector's answer as a value: passed or not, and why; families add their own fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """The family's name for people."""
    passed: bool
    by: Literal["vendor", "preflight"] = "vendor"
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


class Family(abc.ABC):
    """A detector and the video model it speaks for."""

    name: ClassVar[str]
    """The name for people: `emo`, `liveportrait`, `wan-s2v`, `animate-anyone`."""
    check: ClassVar[Model]
    video: ClassVar[Model]
    template: ClassVar[Model | None] = None
    """The model that turns a motion video into a template, where the family is driven by one."""
    ratios: ClassVar[tuple[str, ...]] = ()
    """The ratios its check can be asked for, the default first; empty where it takes none."""
    picture: ClassVar[PictureLimits]
    sound: ClassVar[SoundLimits | None] = None
    motion: ClassVar[MotionLimits | None] = None
    verdict: ClassVar[type[Verdict]]
    parameters: ClassVar[type[Parameters]]

    @property
    def models(self) -> tuple[Model, ...]:
        """Return the vendor's models of this family."""
        return tuple(m for m in (self.check, self.template, self.video) if m is not None)

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

    def check_parameters(self, ratio: str | None) -> dict[str, Any] | None:
        """Return the check's `parameters`, or `None` where the document has none."""
        resolved = self.resolve_ratio(ratio)
        return None if resolved is None else {"ratio": resolved}

    @abc.abstractmethod
    def read_verdict(
        self,
        output: Mapping[str, Any],
        *,
        request_id: str,
        ratio: str | None,
        picture_size: tuple[int, int] | None,
    ) -> Verdict:
        """Read the `output` of an answered check; `ProtocolError` if it fits no known shape."""

    @abc.abstractmethod
    def video_request(
        self,
        *,
        image_url: str,
        drive: str,
        verdict: Verdict,
        parameters: Parameters,
        deployment: str | None = None,
    ) -> VideoRequest:
        """Build the paying request of a passed portrait.

        `drive` is the sound's URL, or the template id of a family that is driven by a motion.
        """

    def request_for(
        self,
        verdict: Verdict,
        parameters: Parameters,
        media: Mapping[str, Any],
        deployment: str | None,
    ) -> VideoRequest:
        """Build a request; `ValueError` unless verdict (passed) and parameters are its own."""
        if not isinstance(verdict, self.verdict) or not verdict.passed:
            raise ValueError(f"{self.name} films only a portrait that its own check has passed")
        if not isinstance(parameters, self.parameters):
            raise ValueError(f"{self.name} takes its own parameters only")  # noqa: TRY004
        return VideoRequest(
            model=deployment or self.video.id,
            path=self.video.path,
            input=dict(media),
            parameters=parameters.model_dump(mode="json", exclude_none=True),
        )

    def adapt_parameters(
        self,
        parameters: Parameters,
        verdict: Verdict,  # noqa: ARG002
    ) -> tuple[Parameters, str]:
        """Return the parameters that suit a verdict, and in words what was changed and why.

        Most families take the parameters as they are.
        """
        return parameters, ""

    def price_variant(self, parameters: Parameters, ratio: str | None) -> str:  # noqa: ARG002
        """Return the key into the video model's `prices_cny` that these parameters come to."""
        return ""

    def price_per_second_cny(self, parameters: Parameters, ratio: str | None) -> Decimal:
        """Return the price of one second of output."""
        return self.video.prices_cny[self.price_variant(parameters, ratio)]
