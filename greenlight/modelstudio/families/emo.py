"""EMO: a portrait that sings or speaks, by its two boxes (emo-detect-v1, emo-v1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import model_validator

from greenlight.modelstudio.boxes import expect_ratio, read_box
from greenlight.modelstudio.family import (
    Asked,
    Box,
    Check,
    Family,
    Input,
    Parameters,
    Role,
    Verdict,
)
from greenlight.modelstudio.limits import PictureLimits, SoundLimits
from greenlight.modelstudio.model import Model

Ratio = Literal["1:1", "3:4"]
RATIOS: tuple[Ratio, ...] = ("1:1", "3:4")


class EmoVerdict(Verdict):
    """EMO's verdict; a pass has both boxes, and they fit only this portrait at this ratio."""

    model: str = "emo"
    ratio: Ratio = "1:1"
    """`1:1` is a head, `3:4` a half body."""
    face_bbox: Box | None = None
    ext_bbox: Box | None = None
    """The area that moves; it becomes the picture of the video."""

    @model_validator(mode="after")
    def _expect_the_boxes_of_a_pass(self) -> Self:
        if self.passed and (self.face_bbox is None or self.ext_bbox is None):
            raise ValueError("a passed portrait has a face_bbox and an ext_bbox")
        return self


class EmoParameters(Parameters):
    """How lively the portrait moves."""

    style_level: Literal["normal", "calm", "active"] = "normal"


def _read_boxes(output: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Return the ratio and, of a pass, two good boxes, the outer one of that ratio."""
    if not asked.passed:
        return {"ratio": asked.ratio}
    face_bbox = read_box(output, "face_bbox", asked.picture_size, asked.request_id)
    ext_bbox = read_box(output, "ext_bbox", asked.picture_size, asked.request_id)
    expect_ratio(ext_bbox, str(asked.ratio), asked.request_id)
    return {"ratio": asked.ratio, "face_bbox": face_bbox, "ext_bbox": ext_bbox}


def _ratio(parameters: Parameters, ratio: str | None) -> str:  # noqa: ARG001
    # Half bodies cost twice.
    return str(ratio)


EMO = Family(
    name="emo",
    inputs=(
        Input(Role.PORTRAIT, "image_url", PictureLimits(min_edge_px=400, max_edge_px=7000)),
        Input(Role.SOUND, "audio_url", SoundLimits(max_seconds=60.0)),
    ),
    check=Check(
        model=Model(
            id="emo-detect-v1",
            kind="check",
            path="/services/aigc/image2video/face-detect",
            prices_cny={"image": Decimal("0.004")},
            retires_on=date(2026, 10, 10),
            replaced_by="qwen-image-2.0",
        ),
        read_more=_read_boxes,
    ),
    video=Model(
        id="emo-v1",
        kind="video",
        path="/services/aigc/image2video/video-synthesis",
        prices_cny={"1:1": Decimal("0.08"), "3:4": Decimal("0.16")},
        running_at_once=1,
        retires_on=date(2026, 10, 10),
        replaced_by="wan2.7-r2v",
    ),
    verdict=EmoVerdict,
    handed_on=frozenset({"face_bbox", "ext_bbox"}),
    parameters=EmoParameters,
    ratios=RATIOS,
    price_variant=_ratio,
)
