"""wan2.2-s2v: a person who speaks or sings; the model that the vendor keeps (wan2.2-s2v-detect)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from greenlight.modelstudio.errors import ProtocolError
from greenlight.modelstudio.family import Asked, Check, Family, Input, Parameters, Role, Verdict
from greenlight.modelstudio.limits import PictureLimits, SoundLimits
from greenlight.modelstudio.model import Model


class WanS2vVerdict(Verdict):
    """wan2.2-s2v's verdict, with whether a human portrait was seen (`None`: nothing is said)."""

    model: str = "wan-s2v"
    humanoid: bool | None = None


class WanS2vParameters(Parameters):
    """How large the video is.

    `style` stands in the vendor's overview only, not in the reference: it is sent only when given.
    """

    resolution: Literal["480P", "720P"] = "480P"
    style: Literal["speech"] | None = None


def _read_humanoid(output: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    humanoid = output.get("humanoid")
    if asked.passed and not isinstance(humanoid, bool | None):
        raise ProtocolError("its humanoid is neither true nor false", request_id=asked.request_id)
    return {"humanoid": humanoid if isinstance(humanoid, bool) else None}


def _resolution(parameters: Parameters, ratio: str | None) -> str:  # noqa: ARG001
    if not isinstance(parameters, WanS2vParameters):
        raise TypeError("wan-s2v is priced by its own parameters")
    return parameters.resolution


WAN_S2V = Family(
    name="wan-s2v",
    inputs=(
        Input(Role.PORTRAIT, "image_url", PictureLimits(min_edge_px=400, max_edge_px=7000)),
        # "Below 20 s", says the page, "longer than" the error text: 20 s sharp is left to the vendor.
        Input(
            Role.SOUND, "audio_url", SoundLimits(max_seconds=20.0, max_bytes=15 * 1024 * 1024 - 1)
        ),
    ),
    check=Check(
        model=Model(
            id="wan2.2-s2v-detect",
            kind="check",
            path="/services/aigc/image2video/face-detect",
            prices_cny={"image": Decimal("0.004")},
        ),
        read_more=_read_humanoid,
    ),
    video=Model(
        id="wan2.2-s2v",
        kind="video",
        path="/services/aigc/image2video/video-synthesis",
        prices_cny={"480P": Decimal("0.5"), "720P": Decimal("0.9")},
        running_at_once=1,
    ),
    verdict=WanS2vVerdict,
    parameters=WanS2vParameters,
    price_variant=_resolution,
)
