"""Answer wan2.2-s2v's check, and say how large its videos are.

The fields are those of the vendor's document wan-s2v-detect-api. Its failing sample has no `humanoid`;
here both answers have it, as its table of fields lists it without a condition.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from greenlight.judge import Sighting, findings
from greenlight.judge.rules import speaks_against
from greenlight.modelstudio.families.wan_s2v import WAN_S2V as FAMILY
from greenlight.studio.families.played import StudioFamily
from greenlight.studio.frame_sizes import scaled

PIXELS: Final = {"480P": 832 * 480, "720P": 1280 * 720}
"""Pixels of a frame by `resolution`; the video has the picture's shape."""


def answer(sighting: Sighting, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Return the `output` of a check; the document knows no parameters."""
    humanoid = sighting.people > 0
    if any(finding.kind in speaks_against(FAMILY.name) for finding in findings(sighting)):
        return {"check_pass": False, "humanoid": humanoid, "code": "", "message": ""}
    return {"check_pass": True, "humanoid": humanoid}


def video_size(body: Mapping[str, Any], picture_size: tuple[int, int]) -> tuple[int, int]:
    """Return a size of the picture's shape with the pixels of 480P (default) or 720P."""
    resolution = (body.get("parameters") or {}).get("resolution", "480P")
    width, height = picture_size
    return scaled(picture_size, math.sqrt(PIXELS[resolution] / (width * height)))


def usage(body: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return what is billed, under the names that wan-s2v-api has for it."""
    lines = body.get("parameters", {}).get("resolution", "480P").removesuffix("P")
    return {"duration": seconds, "video_count": 1, "SR": int(lines)}


WAN_S2V = StudioFamily(
    family=FAMILY,
    answer=answer,
    video_size=video_size,
    usage=usage,
)
