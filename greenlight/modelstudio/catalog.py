"""Say what the vendor offers: ids, paths, limits, prices, rates and retirements.

Facts are those of the vendor's documents as read on the date in `PRICES_AS_OF`. Every family file
in this package contributes its own models; `families` finds them, so a new family is one new file.
"""

from __future__ import annotations

import functools
import importlib
import logging
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from greenlight.modelstudio.family import Family

logger = logging.getLogger(__name__)

BEIJING_BASE_URL: Final = "https://dashscope.aliyuncs.com/api/v1"
PRICES_AS_OF: Final = date(2026, 11, 20)
RETIREMENT_NOTICE: Final = "https://www.aliyun.com/notice/118434"

TASK_REQUESTS_PER_SECOND: Final = 20
"""Fetches, lists and cancels that an account may send in a second (manage-asynchronous-tasks)."""
UPLOAD_POLICIES_PER_SECOND: Final = 100
TASK_LIFETIME: Final = timedelta(hours=24)
"""How long a task id answers, and how long a result link lives (manage-asynchronous-tasks)."""
POLL_SECONDS: Final = 15.0
"""The pause between two fetches of one task that the video models' documents advise."""

Kind = Literal["check", "template", "video"]


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What a portrait must be; formats are Pillow's names, `None` means that nothing is stated."""

    formats: frozenset[str] = frozenset({"JPEG", "PNG", "BMP", "WEBP"})
    min_edge_px: int | None = None
    max_edge_px: int | None = None
    max_aspect: float | None = None
    """Longer edge over shorter edge."""
    below_bytes: int | None = None
    """The file must be smaller than this."""


@dataclass(frozen=True, slots=True)
class SoundLimits:
    """What a sound must be; lengths in seconds, both ends allowed."""

    formats: frozenset[str] = frozenset({"wav", "mp3"})
    min_seconds: float = 0.0
    max_seconds: float = 60.0
    max_bytes: int = 15 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MotionLimits:
    """What a motion video must be; lengths in seconds, edges in pixels, both ends allowed."""

    formats: frozenset[str] = frozenset({"mp4", "avi", "mov"})
    codecs: frozenset[str] = frozenset({"h264", "hevc"})
    min_seconds: float = 2.0
    max_seconds: float = 60.0
    min_edge_px: int = 200
    max_edge_px: int = 2048
    max_aspect: float = 3.0
    min_frames_per_second: float = 24.0
    max_bytes: int = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the vendor: where it is called, what it costs, how fast, and until when.

    `prices_cny` has one entry a price variant: for a check `{"image": ...}` per picture; for a
    video per second of output, by the variant that decides it ("1:1", "720P"), or `{"": ...}`
    where none does.
    """

    id: str
    kind: Kind
    path: str
    """Below the base address, without a trailing slash."""
    prices_cny: Mapping[str, Decimal]
    starts_per_second: int = 5
    running_at_once: int | None = None
    retires_on: date | None = None
    replaced_by: str = ""

    @property
    def is_asynchronous(self) -> bool:
        """Whether the vendor answers with a task instead of a result."""
        return self.kind != "check"


@functools.cache
def families() -> Mapping[str, Family]:
    """Return every model family by its name for people, in the order of their file names."""
    found: dict[str, Family] = {}
    for file in pkgutil.iter_modules([str(Path(__file__).parent)]):
        module = importlib.import_module(f"{__package__}.{file.name}")
        offered: Family | None = getattr(module, "FAMILY", None)
        if offered is not None:
            found[offered.name] = offered
    return found


def family(name: str) -> Family:
    """Return the family of that name; `KeyError` names those there are."""
    try:
        return families()[name]
    except KeyError:
        raise KeyError(f"{name} is not a model; there are {', '.join(families())}") from None


def models() -> Mapping[str, Model]:
    """Return every model of every family by the vendor's id."""
    return {model.id: model for one in families().values() for model in one.models}


@functools.cache
def warn_of_retirement(model_id: str) -> None:
    """Log once a process that the vendor has announced to switch this model off.

    Nothing is logged for a model that stays, or for the name of a deployment of one's own.
    """
    model = models().get(model_id)
    if model is None or model.retires_on is None:
        return
    staying = [
        one.name for one in families().values() if all(m.retires_on is None for m in one.models)
    ]
    logger.warning(
        "%s: the vendor has announced to switch it off on %s (%s); not on that list is %s",
        model.id,
        model.retires_on.isoformat(),
        RETIREMENT_NOTICE,
        ", ".join(staying),
    )
