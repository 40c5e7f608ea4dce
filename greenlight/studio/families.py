"""Find what the studio knows of each model family: one file beside this one, by the family's name.

`animate-anyone` is in animate_anyone.py. Such a file has `answer` and `video_size`, and of the rest only
what its family does in its own way; `StudioFamily` gives the names and what is true of most.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from greenlight.judge import Sighting
from greenlight.modelstudio.catalog import Model, families
from greenlight.modelstudio.family import Box, Family

Body = Mapping[str, Any]
"""A create's body: `model`, `input` and `parameters`."""

RUNNING: Final = ("RUNNING",)
CODES: Final[Mapping[str, str]] = {
    "unreachable": "InvalidURL",
    "timeout": "InvalidURL",
    "missing": "InvalidURL",
    "picture_format": "InvalidImage.FileFormat",
    "picture_edges": "InvalidFile.Resolution",
    "picture_aspect": "InvalidFile.AspectRatio",
    "picture_bytes": "InvalidFile.Size",
    "sound_length": "InvalidURL",
    "no_person": "InvalidFile.NoHuman",
    "parameter": "InvalidParameter",
}
"""The vendor's code for each fault of an input, where the family's document names no other."""


@dataclass(frozen=True, slots=True)
class StudioFamily:
    """A family as the studio plays it."""

    family: Family
    module: ModuleType

    def answer(self, sighting: Sighting, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the `output` of a check."""
        output: dict[str, Any] = self.module.answer(sighting, parameters)
        return output

    def video_size(self, body: Body, picture_size: tuple[int, int]) -> tuple[int, int]:
        """Return width and height of the video in pixels."""
        size: tuple[int, int] = self.module.video_size(body, picture_size)
        return size

    def usage(self, body: Body, seconds: float) -> dict[str, Any]:
        """Return the `usage` of a job that succeeded: `video_duration` and `video_ratio`, by default."""
        if own := getattr(self.module, "usage", None):
            return dict(own(body, seconds))
        return {"video_duration": seconds, "video_ratio": "standard"}

    def result(self, url: str) -> dict[str, Any]:
        """Return the part of the `output` that holds the video's link: `results.video_url`, by default."""
        if own := getattr(self.module, "result", None):
            return dict(own(url))
        return {"results": {"video_url": url}}

    def complaint(self, body: Body, picture_size: tuple[int, int]) -> str | None:
        """Return what is wrong with a body for this picture, such as boxes that do not fit."""
        own = getattr(self.module, "complaint", None)
        return own(body, picture_size) if own else None

    def filmed_part(self, body: Body) -> Box | None:
        """Return the part of the picture that is filmed; `None` is all of it."""
        own = getattr(self.module, "filmed_part", None)
        return own(body) if own else None

    def refused_at_once(self, parameters: Mapping[str, Any]) -> str | None:
        """Return what the create itself is refused for; most faults show only when the job runs."""
        own = getattr(self.module, "refused_at_once", None)
        return own(parameters) if own else None

    @property
    def looks_again(self) -> bool:
        """Whether the video model too refuses a picture without a usable person."""
        return bool(getattr(self.module, "LOOKS_AGAIN", True))

    def code(self, fault: str) -> str:
        """Return the vendor's code for a fault of an input."""
        own: Mapping[str, str] = getattr(self.module, "CODES", {})
        return own.get(fault) or CODES[fault]


@dataclass(frozen=True, slots=True)
class Offer:
    """A model as a request names it: by its id, or by the name of a deployment."""

    model: Model
    studio_family: StudioFamily
    is_deployment: bool = False

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the statuses that a job goes through between PENDING and its end."""
        module = self.studio_family.module
        return getattr(module, "STEPS", RUNNING) if self.model.kind == "video" else RUNNING


@functools.cache
def _offers() -> Mapping[str, Offer]:
    found: dict[str, Offer] = {}
    for family in families().values():
        module = importlib.import_module(f"greenlight.studio.{family.name.replace('-', '_')}")
        for model in family.models:
            found[model.id] = Offer(model, StudioFamily(family, module))
    return found


def find_offer(name: str, deployments: Mapping[str, str]) -> Offer | None:
    """Return what a request's `model` stands for, if there is such a model or deployment."""
    offer = _offers().get(deployments.get(name, name))
    if offer is None or name not in deployments:
        return offer
    return Offer(offer.model, offer.studio_family, is_deployment=True)
