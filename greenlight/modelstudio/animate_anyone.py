"""AnimateAnyone: a body that dances as a template does (animate-anyone-detect-gen2 and its two)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal

from greenlight.modelstudio.catalog import Model, MotionLimits, PictureLimits
from greenlight.modelstudio.errors import ProtocolError
from greenlight.modelstudio.family import Family, Parameters, Verdict, VideoRequest
from greenlight.modelstudio.judgement import read_judgement

TEMPLATE: Final = Model(
    id="animate-anyone-template-gen2",
    kind="template",
    path="/services/aigc/image2video/aa-template-generation",
    prices_cny={"": Decimal("0.08")},
    running_at_once=1,
    retires_on=date(2026, 10, 10),
    replaced_by="wan2.7-r2v",
)
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


class AnimateAnyone(Family):
    """Check a portrait with animate-anyone-detect-gen2 and film it with animate-anyone-gen2."""

    name = "animate-anyone"
    check: ClassVar[Model] = Model(
        id="animate-anyone-detect-gen2",
        kind="check",
        path="/services/aigc/image2video/aa-detect",
        prices_cny={"image": Decimal("0.004")},
        retires_on=date(2026, 10, 10),
        replaced_by="qwen-image-2.0",
    )
    template: ClassVar[Model | None] = TEMPLATE
    video: ClassVar[Model] = Model(
        id="animate-anyone-gen2",
        kind="video",
        path="/services/aigc/image2video/video-synthesis",
        prices_cny={"": Decimal("0.08")},
        running_at_once=1,
        retires_on=date(2026, 10, 10),
        replaced_by="wan2.7-r2v",
    )
    # The check's own document states no limits, these are the video model's; its error text says
    # that both edges must be above 224.
    picture: ClassVar[PictureLimits] = PictureLimits(
        formats=frozenset({"JPEG", "PNG", "BMP"}),
        min_edge_px=225,
        max_edge_px=4096,
        max_aspect=2.0,
        below_bytes=5 * 1024 * 1024,
    )
    motion: ClassVar[MotionLimits | None] = MotionLimits()
    verdict = AnimateAnyoneVerdict
    parameters = AnimateAnyoneParameters

    def read_verdict(
        self,
        output: Mapping[str, Any],
        *,
        request_id: str,
        ratio: str | None,  # noqa: ARG002
        picture_size: tuple[int, int] | None,  # noqa: ARG002
    ) -> AnimateAnyoneVerdict:
        """Read an answered check; `check_pass` decides, `bodystyle` is told along."""
        judged = read_judgement(output, field="check_pass", request_id=request_id)
        style = _body_style(output.get("bodystyle"))
        if judged.passed and style is None:
            raise ProtocolError("its bodystyle is neither full nor half", request_id=request_id)
        return AnimateAnyoneVerdict(
            passed=judged.passed,
            code=judged.code,
            reason=judged.reason,
            request_id=request_id,
            bodystyle=style or "",
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
        """Build the request for a film that moves as the template whose id is `drive`.

        Raises `ValueError` for a verdict that is no pass of AnimateAnyone's check.
        """
        return self.request_for(
            verdict, parameters, {"image_url": image_url, "template_id": drive}, deployment
        )

    def adapt_parameters(self, parameters: Parameters, verdict: Verdict) -> tuple[Parameters, str]:
        """Switch a half body to the picture's own background, as the vendor advises."""
        wanted = {"use_ref_img_bg": True}
        half = isinstance(verdict, AnimateAnyoneVerdict) and verdict.bodystyle == "half"
        adapted = parameters.model_copy(update=wanted)
        if not half or adapted == parameters:
            return parameters, ""
        return adapted, "a half body is filmed before the picture's own background"


def template_request(video_url: str, deployment: str | None = None) -> VideoRequest:
    """Build the paying request that turns a motion video into a template.

    The vendor's page prints `video_url` as not required; without it there is nothing to do.
    """
    if not video_url:
        raise ValueError("a template is made from the URL of a motion video")
    return VideoRequest(
        model=deployment or TEMPLATE.id,
        path=TEMPLATE.path,
        input={"video_url": video_url},
        parameters={},
    )


def _body_style(value: object) -> BodyStyle | None:
    """Return the body style, "" for an untold one, or `None` for one that no document knows."""
    if value == "full":
        return "full"
    if value == "half":
        return "half"
    return "" if value in (None, "") else None


FAMILY = AnimateAnyone()
