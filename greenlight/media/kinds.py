"""Say what a file is by its ending: a picture, a sound, a video, or the json of a brief."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from greenlight.modelstudio import catalog
from greenlight.modelstudio.limits import SoundLimits, VideoLimits


class Kind(StrEnum):
    """What a file is; what it is for, a family says."""

    PICTURE = "picture"
    SOUND = "sound"
    VIDEO = "video"
    DETAILS = "json"


ENDINGS: Final = {
    **dict.fromkeys(("jpg", "jpeg", "png", "bmp", "webp"), Kind.PICTURE),
    **dict.fromkeys(catalog.formats(SoundLimits), Kind.SOUND),
    **dict.fromkeys(catalog.formats(VideoLimits), Kind.VIDEO),
    "json": Kind.DETAILS,
}
"""What the models take, and the json of a brief."""


def kind_of(place: str) -> Kind | None:
    """Return what a file is by its ending; `None` for another one, and for a hidden file."""
    name = place.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    return ENDINGS.get(ending.lower()) if dot and stem and not name.startswith(".") else None
