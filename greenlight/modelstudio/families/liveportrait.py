"""LivePortrait: a portrait that speaks, quick and cheap (liveportrait-detect, liveportrait)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from greenlight.modelstudio.family import Check, Family, Input, Parameters, Role, Verdict
from greenlight.modelstudio.limits import PictureLimits, SoundLimits
from greenlight.modelstudio.model import Model


class LivePortraitVerdict(Verdict):
    """LivePortrait's verdict; its check tells a reason, never a code or a box."""

    model: str = "liveportrait"


class LivePortraitParameters(Parameters):
    """How much the head, the eyes and the mouth move."""

    template_id: Literal["normal", "calm", "active"] = "normal"
    eye_move_freq: Annotated[float, Field(ge=0, le=1)] = 0.5
    video_fps: Annotated[int, Field(ge=15, le=30)] = 24
    mouth_move_strength: Annotated[float, Field(ge=0, le=1.5)] = 1.0
    paste_back: bool = True
    """Whether the face is put back into the whole picture."""
    head_move_strength: Annotated[float, Field(ge=0, le=1)] = 0.7


LIVEPORTRAIT = Family(
    name="liveportrait",
    inputs=(
        Input(
            Role.PORTRAIT,
            "image_url",
            PictureLimits(max_edge_px=4096, max_aspect=2.0, below_bytes=10 * 1024 * 1024),
        ),
        # The page says below 3 minutes, an older copy 5; the vendor's error texts say both. The
        # stricter one is refused by neither.
        Input(
            Role.SOUND,
            "audio_url",
            SoundLimits(min_seconds=1.0, max_seconds=180.0, max_bytes=15 * 1024 * 1024 - 1),
        ),
    ),
    check=Check(
        model=Model(
            id="liveportrait-detect",
            kind="check",
            path="/services/aigc/image2video/face-detect",
            prices_cny={"image": Decimal("0.004")},
            retires_on=date(2026, 10, 10),
            replaced_by="qwen-image-2.0",
        ),
        field="pass",
    ),
    # The replacement was announced for the detector and the video model alike.
    video=Model(
        id="liveportrait",
        kind="video",
        path="/services/aigc/image2video/video-synthesis",
        prices_cny={"": Decimal("0.02")},
        running_at_once=1,
        retires_on=date(2026, 10, 10),
        replaced_by="qwen-image-2.0",
    ),
    verdict=LivePortraitVerdict,
    parameters=LivePortraitParameters,
)
