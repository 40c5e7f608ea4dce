"""Play the family that films a clip; it looks at a frame of it when its job runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greenlight.judge import Sighting, findings
from greenlight.judge.rules import speaks_against
from greenlight.modelstudio.families.lips import LIPS as FAMILY
from greenlight.studio.families.played import StudioFamily


def answer(sighting: Sighting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the video model sees."""
    against = speaks_against(FAMILY.name)
    return {"check_pass": not any(finding.kind in against for finding in findings(sighting))}


def video_size(body: Mapping[str, Any], clip_size: tuple[int, int]) -> tuple[int, int]:
    """Return width and height in pixels: those of the clip."""
    return clip_size


def result(url: str) -> dict[str, Any]:
    """Return the video's link where this family has it: right in the `output`."""
    return {"video_url": url}


LIPS = StudioFamily(
    family=FAMILY,
    answer=answer,
    video_size=video_size,
    result=result,
    steps=("PRE-PROCESSING", "RUNNING", "POST-PROCESSING"),
    codes={"no_person": "InvalidVideo.NoHuman"},
)
