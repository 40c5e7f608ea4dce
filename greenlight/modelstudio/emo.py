"""EMO: a portrait that sings or speaks, by its two boxes (emo-detect-v1, emo-v1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self, cast

from pydantic import model_validator

from greenlight.modelstudio.boxes import expect_ratio, read_box
from greenlight.modelstudio.catalog import Model, PictureLimits, SoundLimits
from greenlight.modelstudio.family import Box, Family, Parameters, Verdict, VideoRequest
from greenlight.modelstudio.judgement import read_judgement

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


class Emo(Family):
    """Check a portrait with emo-detect-v1 and film it with emo-v1."""

    name = "emo"
    check: ClassVar[Model] = Model(
        id="emo-detect-v1",
        kind="check",
        path="/services/aigc/image2video/face-detect",
        prices_cny={"image": Decimal("0.004")},
        retires_on=date(2026, 10, 10),
        replaced_by="qwen-image-2.0",
    )
    video: ClassVar[Model] = Model(
        id="emo-v1",
        kind="video",
        path="/services/aigc/image2video/video-synthesis",
        prices_cny={"1:1": Decimal("0.08"), "3:4": Decimal("0.16")},
        running_at_once=1,
        retires_on=date(2026, 10, 10),
        replaced_by="wan2.7-r2v",
    )
    ratios: ClassVar[tuple[str, ...]] = RATIOS
    picture: ClassVar[PictureLimits] = PictureLimits(min_edge_px=400, max_edge_px=7000)
    sound: ClassVar[SoundLimits | None] = SoundLimits(max_seconds=60.0)
    verdict = EmoVerdict
    parameters = EmoParameters

    def read_verdict(
        self,
        output: Mapping[str, Any],
        *,
        request_id: str,
        ratio: str | None,
        picture_size: tuple[int, int] | None,
    ) -> EmoVerdict:
        """Read an answered check; a pass needs two good boxes, the outer one of the asked ratio."""
        asked = cast("Ratio", self.resolve_ratio(ratio))
        judged = read_judgement(output, field="check_pass", request_id=request_id)
        face_bbox = ext_bbox = None
        if judged.passed:
            face_bbox = read_box(output, "face_bbox", picture_size, request_id)
            ext_bbox = read_box(output, "ext_bbox", picture_size, request_id)
            expect_ratio(ext_bbox, asked, request_id)
        return EmoVerdict(
            passed=judged.passed,
            code=judged.code,
            reason=judged.reason,
            request_id=request_id,
            ratio=asked,
            face_bbox=face_bbox,
            ext_bbox=ext_bbox,
        )

    def video_request(
        self,
        *,
        image_url: str,
        drive: str,
        verdict: Verdict,
        parameters: Parameters,
        deployment: str | None = None,
    ) -> VideoRequest:
        """Build the request for a film to the sound at `drive`, with the boxes as they came.

        Raises `ValueError` for a verdict that is no pass of EMO's check.
        """
        boxes = verdict.model_dump(include={"face_bbox", "ext_bbox"})
        media = {"image_url": image_url, "audio_url": drive} | boxes
        return self.request_for(verdict, parameters, media, deployment)

    def price_variant(self, parameters: Parameters, ratio: str | None) -> str:  # noqa: ARG002
        """Return the ratio: half bodies cost twice."""
        return str(self.resolve_ratio(ratio))


FAMILY = Emo()
