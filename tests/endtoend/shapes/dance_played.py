"""Play the family of another shape; it looks at the portrait only when its job runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greenlight.judge import Sighting, findings
from greenlight.judge.rules import speaks_against
from greenlight.modelstudio.families.dance import DANCE as FAMILY
from greenlight.studio.families.played import StudioFamily


def answer(sighting: Sighting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the video model sees."""
    against = speaks_against(FAMILY.name)
    return {"check_pass": not any(finding.kind in against for finding in findings(sighting))}


def video_size(body: Mapping[str, Any], picture_size: tuple[int, int]) -> tuple[int, int]:
    """Return width and height in pixels."""
    return (320, 320)


DANCE = StudioFamily(family=FAMILY, answer=answer, video_size=video_size)
