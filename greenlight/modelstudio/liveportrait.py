"""LivePortrait: a portrait that speaks, quick and cheap (liveportrait-detect, liveportrait)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from greenlight.modelstudio.catalog import Model, PictureLimits, SoundLimits
from greenlight.modelstudio.family import Family, Parameters, Verdict, VideoRequest
from greenlight.modelstudio.judgement import read_judgement


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


class LivePortrait(Family):
    """Check a portrait with liveportrait-detect and film it with liveportrait."""

    name = "liveportrait"
    check: ClassVar[Model] = Model(
        id="liveportrait-detect",
        kind="check",
        path="/services/aigc/image2video/face-detect",
        prices_cny={"image": Decimal("0.004")},
        retires_on=date(2026, 10, 10),
        replaced_by="qwen-image-2.0",
    )
    # The replacement was announced for the detector and the video model alike.
    video: ClassVar[Model] = Model(
        id="liveportrait",
        kind="video",
        path="/services/aigc/image2video/video-synthesis",
        prices_cny={"": Decimal("0.02")},
        running_at_once=1,
        retires_on=date(2026, 10, 10),
        replaced_by="qwen-image-2.0",
    )
    picture: ClassVar[PictureLimits] = PictureLimits(
        max_edge_px=4096, max_aspect=2.0, below_bytes=10 * 1024 * 1024
    )
    # The page says below 3 minutes, an older copy 5; the vendor's error texts say both. The
    # stricter one is refused by neither.
    sound: ClassVar[SoundLimits | None] = SoundLimits(
        min_seconds=1.0, max_seconds=180.0, max_bytes=15 * 1024 * 1024 - 1
    )
    verdict = LivePortraitVerdict
    parameters = LivePortraitParameters

    def read_verdict(
        self,
        output: Mapping[str, Any],
        *,
        request_id: str,
        ratio: str | None,  # noqa: ARG002
        picture_size: tuple[int, int] | None,  # noqa: ARG002
    ) -> LivePortraitVerdict:
        """Read an answered check; the field is `pass` here, unlike in the other families."""
        judged = read_judgement(output, field="pass", request_id=request_id)
        return LivePortraitVerdict(
            passed=judged.passed, code=judged.code, reason=judged.reason, request_id=request_id
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
        """Build the request for a film to the sound at `drive`.

        Raises `ValueError` for a verdict that is no pass of LivePortrait's check.
        """
        return self.request_for(
            verdict, parameters, {"image_url": image_url, "audio_url": drive}, deployment
        )


FAMILY = LivePortrait()
