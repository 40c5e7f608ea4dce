"""Sign links to finished videos, and let in only who has a good one that has not expired."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from greenlight.studio.answers import xml_error
from greenlight.studio.calls import Call
from greenlight.studio.faults import FaultKind
from greenlight.studio.jobs import Job
from greenlight.studio.studio import Studio

RESULTS_PATH: Final = "/_studio/results"


def result_link(request: Request, studio: Studio, job: Job) -> str:
    """Return the link to a job's video at the address that the request was sent to."""
    expires = round((job.ended_ms or 0) / 1000 + studio.settings.link_seconds)
    signed = {"Expires": expires, "Signature": _signature(studio.secret, job.video, expires)}
    return f"{str(request.base_url).rstrip('/')}{RESULTS_PATH}/{job.video}?{urlencode(signed)}"


async def result(call: Call) -> Response:
    """Answer with a video's file, ranges too; errors are XML, as object storages write them."""
    name = call.request.path_params["name"]
    query = call.request.query_params
    expires = query.get("Expires", "")
    if not expires.isdecimal() or call.studio.clock.now_seconds() > int(expires):
        return xml_error("AccessDenied", "Request has expired.", status=403)
    if not hmac.compare_digest(
        query.get("Signature", "").encode(),
        _signature(call.studio.secret, name, int(expires)).encode(),
    ):
        return xml_error("SignatureDoesNotMatch", "The signature does not match.", status=403)
    path = call.studio.files.result(name)
    is_dead = call.studio.faults.within(FaultKind.DEAD_LINK, call.endpoint)
    if is_dead or not path.is_file():
        return xml_error("NoSuchKey", "The specified key does not exist.", status=404)
    if call.studio.faults.within(FaultKind.TRUNCATED_VIDEO, call.endpoint):
        whole = path.read_bytes()
        return Response(whole[: len(whole) // 2], media_type="video/mp4")
    return FileResponse(path, media_type="video/mp4")


def _signature(secret: bytes, name: str, expires: int) -> str:
    signed = hmac.new(secret, f"{name}\n{expires}".encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()
