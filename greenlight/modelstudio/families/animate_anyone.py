"""AnimateAnyone: a body that dances as a template does (animate-anyone-detect-gen2 and its two)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from greenlight.modelstudio.errors import ProtocolError
from greenlight.modelstudio.family import (
    Asked,
    Check,
    Family,
    Input,
    Parameters,
    Role,
    Template,
    Verdict,
)
from greenlight.modelstudio.limits import PictureLimits, VideoLimits
from greenlight.modelstudio.model import Model

BodyStyle = Literal["full", "half", ""]


class AnimateAnyoneVerdict(Verdict):
    """AnimateAnyone's verdict, with how much of the body is seen ("" where nothing is said)."""

    model: str = "animate-anyone"
    bodystyle: BodyStyle = ""


class AnimateAnyoneParameters(Parameters):
    """Whose background the video gets.

    `video_ratio` has an effect only with the picture's own background. The vendor advises against
    the template's background for a half body.
    """

    use_ref_img_bg: bool = False
    """False: the background of the template's video; true: that of the picture."""
    video_ratio: Literal["9:16", "3:4"] = "9:16"


def _read_body_style(output: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Return the body style; "" where nothing is said."""
    style = output.get("bodystyle")
    if style in ("full", "half"):
        return {"bodystyle": style}
    if asked.passed and style not in (None, ""):
        raise ProtocolError("its bodystyle is neither full nor half", request_id=asked.request_id)
    return {}


def _before_its_own_background(parameters: Parameters, verdict: Verdict) -> tuple[Parameters, str]:
    """Switch a half body to the picture's own background, as the vendor advises."""
    wanted = {"use_ref_img_bg": True}
    half = isinstance(verdict, AnimateAnyoneVerdict) and verdict.bodystyle == "half"
    adapted = parameters.model_copy(update=wanted)
    if not half or adapted == parameters:
        return parameters, ""
    return adapted, "a half body is filmed before the picture's own background"


ANIMATE_ANYONE = Family(
    name="animate-anyone",
    inputs=(
        # The check's own document states no limits, these are the video model's; its error text says
        # that both edges must be above 224.
        Input(
            Role.PORTRAIT,
            "image_url",
            PictureLimits(
                formats=frozenset({"JPEG", "PNG", "BMP"}),
                min_edge_px=225,
                max_edge_px=4096,
                max_aspect=2.0,
                below_bytes=5 * 1024 * 1024,
            ),
        ),
        Input(Role.MOTION, "template_id", VideoLimits()),
    ),
    check=Check(
        model=Model(
            id="animate-anyone-detect-gen2",
            kind="check",
            path="/services/aigc/image2video/aa-detect",
            prices_cny={"image": Decimal("0.004")},
            retires_on=date(2026, 10, 10),
            replaced_by="qwen-image-2.0",
        ),
        read_more=_read_body_style,
    ),
    template=Template(
        model=Model(
            id="animate-anyone-template-gen2",
            kind="template",
            path="/services/aigc/image2video/aa-template-generation",
            prices_cny={"": Decimal("0.08")},
            running_at_once=1,
            retires_on=date(2026, 10, 10),
            replaced_by="wan2.7-r2v",
        )
    ),
    video=Model(
        id="animate-anyone-gen2",
        kind="video",
        path="/services/aigc/image2video/video-synthesis",
        prices_cny={"": Decimal("0.08")},
        running_at_once=1,
        retires_on=date(2026, 10, 10),
        replaced_by="wan2.7-r2v",
    ),
    verdict=AnimateAnyoneVerdict,
    parameters=AnimateAnyoneParameters,
    adapt_parameters=_before_its_own_background,
)
