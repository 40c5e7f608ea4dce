"""Answer the detectors: fetch the portrait, look at it, and say what the family's document says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.responses import JSONResponse, Response

from greenlight.judge import UnreadablePicture, findings
from greenlight.studio.answers import StudioError, answer
from greenlight.studio.calls import Call
from greenlight.studio.families.offers import Offer
from greenlight.studio.families.played import StudioFamily
from greenlight.studio.faults import Fault, FaultKind
from greenlight.studio.inputs import check_picture, unreadable_picture
from greenlight.studio.jobs import without_query
from greenlight.studio.production import picture_too_large, required_text
from greenlight.studio.studio import Studio
from greenlight.thumbnails.drawing import thumbnail


@dataclass(frozen=True, slots=True)
class Examined:
    """A portrait that was looked at."""

    size_px: tuple[int, int]
    output: dict[str, Any]
    seen: tuple[str, ...]
    jpeg: bytes


async def check(call: Call) -> Response:
    """Answer one check; an HTTP 200 is paid, whatever the verdict."""
    offer = _offer(call)
    if call.asks_for("X-DashScope-Async"):
        raise StudioError(
            "AccessDenied", "Current user api does not support asynchronous calls.", status=403
        )
    studio_family = offer.studio_family
    url = required_text(call.input, "image_url")
    call.check_resolution()
    parameters = _with_ratio(call.parameters, studio_family)
    most, too_large = picture_too_large(studio_family)
    async with call.studio.input_file(
        url, call.model, studio_family, max_bytes=most, too_large=too_large
    ) as picture:
        examined = await call.studio.judging(
            _examine, call.studio, studio_family, parameters, picture.path
        )
    status, body = _verdict(call, examined.output)
    is_paid = status == 200 and not offer.is_deployment
    call.studio.request_log.add_thumbnail(picture.sha256, examined.jpeg)
    call.studio.request_log.add_check(
        request_id=call.request_id,
        model=call.model,
        image_url=without_query(url),
        sha256=picture.sha256,
        parameters=parameters,
        size_px=examined.size_px,
        status=status,
        output=body.get("output", body),
        seen=examined.seen,
        cost_cny=offer.model.prices_cny["image"] if is_paid else Decimal(0),
    )
    if status == 200:
        return answer({**body, "usage": {"image_count": 1}}, call.request_id)
    return JSONResponse({**body, "request_id": call.request_id}, status_code=status)


def _offer(call: Call) -> Offer:
    offer = call.studio.offer(call.model)
    if offer.model.kind != "check" or not call.request.url.path.endswith(offer.model.path):
        raise StudioError("InvalidParameter", "Model not exist.")
    return offer


def _with_ratio(given: Mapping[str, Any], studio_family: StudioFamily) -> dict[str, Any]:
    """Return the parameters with the ratio that holds; it is called required, yet has a default."""
    try:
        ratio = studio_family.family.resolve_ratio(given.get("ratio"))
    except ValueError:
        offered = " or ".join(studio_family.family.ratios)
        raise StudioError("InvalidParameter.Ratio", f"The ratio must be {offered}.") from None
    return {} if ratio is None else {"ratio": ratio}


def _examine(
    studio: Studio, studio_family: StudioFamily, parameters: Mapping[str, Any], path: Path
) -> Examined:
    size_px = check_picture(path, studio_family)
    try:
        sighting = studio.judge.look_at(path)
        return Examined(
            size_px,
            studio_family.answer(sighting, parameters),
            tuple(finding.words for finding in findings(sighting)),
            thumbnail(path),
        )
    except UnreadablePicture:
        raise unreadable_picture(studio_family) from None


def _verdict(call: Call, output: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the status and the body of the judge's verdict, or of a refusal that was asked for."""
    fault = call.studio.faults.within(FaultKind.REFUSAL, call.endpoint, call.model)
    return (200, {"output": output}) if fault is None else _refusal(fault, output)


def _refusal(fault: Fault, output: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return a refusal in one of the five shapes that clients have met."""
    verdict = {"pass" if "pass" in output else "check_pass": False}
    words = {"code": fault.code, "message": fault.message}
    match fault.shape:
        case 1:
            return 200, {"output": {**verdict, "code": "", "message": ""}}
        case 2:
            return 200, {"output": {**verdict, **words, "reason": fault.message}}
        case 3:
            return 200, {"output": words}
        case 4:
            return 400, words
        case _:
            return 400, {"output": words}
