"""wan2.2-s2v: a person who speaks or sings; the model that the vendor keeps (wan2.2-s2v-detect)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Literal

from greenlight.modelstudio.catalog import Model, PictureLimits, SoundLimits
from greenlight.modelstudio.errors import ProtocolError
from greenlight.modelstudio.family import Family, Parameters, Verdict, VideoRequest
from greenlight.modelstudio.judgement import read_judgement


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


class WanS2v(Family):
    """Check a portrait with wan2.2-s2v-detect and film it with wan2.2-s2v."""

    name = "wan-s2v"
    check: ClassVar[Model] = Model(
        id="wan2.2-s2v-detect",
        kind="check",
        path="/services/aigc/image2video/face-detect",
        prices_cny={"image": Decimal("0.004")},
    )
    video: ClassVar[Model] = Model(
        id="wan2.2-s2v",
        kind="video",
        path="/services/aigc/image2video/video-synthesis",
        prices_cny={"480P": Decimal("0.5"), "720P": Decimal("0.9")},
        running_at_once=1,
    )
    picture: ClassVar[PictureLimits] = PictureLimits(min_edge_px=400, max_edge_px=7000)
    # "Below 20 s", says the page, "longer than" the error text: 20 s sharp is left to the vendor.
    sound: ClassVar[SoundLimits | None] = SoundLimits(
        max_seconds=20.0, max_bytes=15 * 1024 * 1024 - 1
    )
    verdict = WanS2vVerdict
    parameters = WanS2vParameters

    def read_verdict(
        self,
        output: Mapping[str, Any],
        *,
        request_id: str,
        ratio: str | None,  # noqa: ARG002
        picture_size: tuple[int, int] | None,  # noqa: ARG002
    ) -> WanS2vVerdict:
        """Read an answered check; `check_pass` decides, `humanoid` is told along."""
        judged = read_judgement(output, field="check_pass", request_id=request_id)
        humanoid = output.get("humanoid")
        if judged.passed and not isinstance(humanoid, bool | None):
            raise ProtocolError("its humanoid is neither true nor false", request_id=request_id)
        return WanS2vVerdict(
            passed=judged.passed,
            code=judged.code,
            reason=judged.reason,
            request_id=request_id,
            humanoid=humanoid if isinstance(humanoid, bool) else None,
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

        Raises `ValueError` for a verdict that is no pass of wan2.2-s2v's check.
        """
        return self.request_for(
            verdict, parameters, {"image_url": image_url, "audio_url": drive}, deployment
        )

    def price_variant(self, parameters: Parameters, ratio: str | None) -> str:  # noqa: ARG002
        """Return the resolution: it decides the price."""
        if not isinstance(parameters, WanS2vParameters):
            raise TypeError("wan-s2v is priced by its own parameters")
        return parameters.resolution


FAMILY = WanS2v()
