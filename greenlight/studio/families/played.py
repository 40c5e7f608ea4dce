"""Define how the studio plays a family: what it answers, and how large and long its videos are.

A family is played by one file beside this one; it has `answer` and `video_size`, and of the rest only what
the family does in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from greenlight.judge import Sighting
from greenlight.modelstudio.family import Box, Family, Role

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


def _usual_usage(body: Body, seconds: float) -> dict[str, Any]:  # noqa: ARG001
    return {"video_duration": seconds, "video_ratio": "standard"}


def _usual_result(url: str) -> dict[str, Any]:
    return {"results": {"video_url": url}}


def _no_complaint(body: Body, picture_size: tuple[int, int]) -> str | None:  # noqa: ARG001
    return None


def _all_of_it(body: Body) -> Box | None:  # noqa: ARG001
    return None


def _nothing_refused(parameters: Mapping[str, Any]) -> str | None:  # noqa: ARG001
    return None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudioFamily:
    """A family as the studio plays it."""

    family: Family
    answer: Callable[[Sighting, Mapping[str, Any]], dict[str, Any]]
    """Returns the `output` of a check."""
    video_size: Callable[[Body, tuple[int, int]], tuple[int, int]]
    """Returns width and height of the video in pixels."""
    usage: Callable[[Body, float], dict[str, Any]] = _usual_usage
    """Returns the `usage` of a job that succeeded."""
    result: Callable[[str], dict[str, Any]] = _usual_result
    """Returns the part of the `output` that holds the video's link."""
    complaint: Callable[[Body, tuple[int, int]], str | None] = _no_complaint
    """Returns what is wrong with a body for this picture, such as boxes that do not fit."""
    filmed_part: Callable[[Body], Box | None] = _all_of_it
    """Returns the part of the picture that is filmed; `None` is all of it."""
    refused_at_once: Callable[[Mapping[str, Any]], str | None] = _nothing_refused
    """Returns what the create itself is refused for; most faults show only when the job runs."""
    looks_again: bool = True
    """Whether the video model too refuses a picture, or a frame of a clip, without a usable person."""
    steps: tuple[str, ...] = RUNNING
    """The statuses that a video's job goes through between PENDING and its end."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """The vendor's codes where the family's document names others than `CODES`."""

    @property
    def films_clips(self) -> bool:
        """Whether a clip is filmed, and not a picture."""
        return self.family.subject is Role.CLIP

    def field(self, role: Role) -> str:
        """Return the field of a request's `input` that holds what has a role."""
        taken = self.family.input_of(role)
        if taken is None:
            raise TypeError(f"{self.family.name} takes no {role}")
        return taken.field

    def code(self, fault: str) -> str:
        """Return the vendor's code for a fault of an input."""
        return self.codes.get(fault) or CODES[fault]
