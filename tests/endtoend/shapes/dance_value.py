"""A family of another shape: a portrait and a motion video, and no detector that looks first."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from greenlight.modelstudio.family import Family, Input, Parameters, Role, Verdict
from greenlight.modelstudio.limits import PictureLimits, VideoLimits
from greenlight.modelstudio.model import Model


class DanceVerdict(Verdict):
    """Nobody looks at the portrait before the video model does."""

    model: str = "dance"


class DanceParameters(Parameters):
    """How the video is made, which decides its price."""

    mode: Literal["std", "pro"] = "std"


def _mode(parameters: Parameters, ratio: str | None) -> str:
    return str(parameters.model_dump()["mode"])


DANCE = Family(
    name="dance",
    inputs=(
        Input(Role.PORTRAIT, "image_url", PictureLimits(min_edge_px=200, max_edge_px=4096)),
        Input(Role.MOTION, "video_url", VideoLimits(max_seconds=30.0)),
    ),
    video=Model(
        id="dance-1",
        kind="video",
        path="/services/aigc/image2video/video-synthesis",
        prices_cny={"std": Decimal("0.4"), "pro": Decimal("0.6")},
        running_at_once=1,
    ),
    verdict=DanceVerdict,
    parameters=DanceParameters,
    price_variant=_mode,
)
