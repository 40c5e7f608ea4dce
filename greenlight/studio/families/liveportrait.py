"""Answer LivePortrait's check, and say how large its videos are.

Field and message are those of the vendor's document liveportrait-detect-api, whose
only reason is a face that is too small, in profile or obstructed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from greenlight.judge import Sighting, findings
from greenlight.judge.rules import speaks_against
from greenlight.modelstudio.families.liveportrait import LIVEPORTRAIT as FAMILY
from greenlight.studio.families.played import StudioFamily
from greenlight.studio.frame_sizes import scaled

CODES: Final = {
    "unreachable": "InvalidParameter.InputDownloadFailed",
    "timeout": "InvalidParameter.InputDownloadFailed",
    "missing": "InvalidParameter.InputDownloadFailed",
    "picture_format": "InvalidParameter.UnsupportedFileFormat",
    "picture_edges": "InvalidImage.ImageSize",
    "picture_aspect": "InvalidImage.ImageSize",
    "picture_bytes": "InvalidImage.ImageSize",
    "sound_length": "InvalidFile.AudioLengthError",
    "no_person": "InvalidImage.NoHumanFace",
    # The vendor's own spelling.
    "parameter": "InvalidParamter.OutOfDefinition",
}
"""The codes of liveportrait-api where they differ from the other families'."""
LONGER_EDGE_PX: Final = 512
"""The document states no size; the picture's own shape is kept, and this keeps a film small."""


def answer(sighting: Sighting, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Return the `output` of a check; the document knows no parameters."""
    if any(finding.kind in speaks_against(FAMILY.name) for finding in findings(sighting)):
        return {"pass": False, "message": "No human face detected."}
    return {"pass": True, "message": ""}


def video_size(body: Mapping[str, Any], picture_size: tuple[int, int]) -> tuple[int, int]:  # noqa: ARG001
    """Return the picture's own size, with its longer edge at most 512 px."""
    return scaled(picture_size, min(1.0, LONGER_EDGE_PX / max(picture_size)))


LIVEPORTRAIT = StudioFamily(
    family=FAMILY,
    answer=answer,
    video_size=video_size,
    codes=CODES,
)
