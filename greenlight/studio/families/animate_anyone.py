"""Answer AnimateAnyone's check, and say how large its videos are.

The fields and the sentence for a picture without a person are those of the vendor's document
animate-anyone-detect-api, which names side views, poor light, obstructions and several people as
what is refused. Its busy background is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from greenlight.judge import Finding, FindingKind, Sighting, findings
from greenlight.judge.rules import speaks_against
from greenlight.modelstudio.families.animate_anyone import ANIMATE_ANYONE as FAMILY
from greenlight.studio.families.played import StudioFamily

NO_HUMAN_BODY: Final = (
    "The input image has no human body. Upload another image that contains a single person."
)
CODES: Final = {"unreachable": "InvalidURL.ConnectionRefused", "timeout": "InvalidURL.Timeout"}
"""The codes of animateanyone-video-generation-api where they differ from the other families'."""
SIZES: Final = {"9:16": (432, 768), "3:4": (480, 640)}
"""Frames by `video_ratio`; the document states none in pixels."""


def answer(sighting: Sighting, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Return the `output` of a check; the document knows no parameters."""
    against = [
        finding for finding in findings(sighting) if finding.kind in speaks_against(FAMILY.name)
    ]
    if against:
        return {"check_pass": False, "reason": _reason(against), "bodystyle": ""}
    return {"check_pass": True, "bodystyle": sighting.body}


def _reason(against: list[Finding]) -> str:
    if against[0].kind is FindingKind.NOBODY:
        return NO_HUMAN_BODY
    why = ", and ".join(finding.words for finding in against)
    return (
        f"In the input image {why}. Upload another image of a single person from the front, "
        "from the waist up or whole."
    )


def video_size(body: Mapping[str, Any], picture_size: tuple[int, int]) -> tuple[int, int]:  # noqa: ARG001
    """Return the size of 3:4 where that is asked for with the picture's background, else of 9:16.

    With the template's background the vendor ignores the ratio.
    """
    parameters = body.get("parameters") or {}
    ratio = parameters.get("video_ratio") if parameters.get("use_ref_img_bg") else None
    return SIZES[ratio or "9:16"]


def result(url: str) -> dict[str, Any]:
    """Return the video's link where this family has it: right in the `output`."""
    return {"video_url": url}


ANIMATE_ANYONE = StudioFamily(
    family=FAMILY,
    answer=answer,
    video_size=video_size,
    result=result,
    steps=("PRE-PROCESSING", "RUNNING", "POST-PROCESSING"),
    codes=CODES,
)
