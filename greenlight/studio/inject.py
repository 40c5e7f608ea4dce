"""Carry faults out on requests and answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from starlette.responses import FileResponse, JSONResponse, Response

from greenlight.studio.answers import StudioError, throttled
from greenlight.studio.connection import Dropped, TornFile
from greenlight.studio.faults import Fault, FaultKind

Wait = Callable[[float], Awaitable[None]]
PROXY_PAGE: Final = "<!doctype html><title>Bad gateway</title><h1>The gateway has a bad day</h1>"


async def before(fault: Fault, request_id: str, wait: Wait) -> Response | None:
    """Let a request suffer before it is accepted; `None` lets it go on.

    Raise `StudioError` where the fault is an error of the vendor's.
    """
    match fault.fault:
        case FaultKind.THROTTLE:
            raise throttled(_retry_after(fault))
        case FaultKind.SLOW:
            await wait(fault.seconds)
            return None
        case _:
            return _replacement(fault, request_id)


async def after(fault: Fault, response: Response, request_id: str, wait: Wait) -> Response:
    """Return what is sent instead of a good answer."""
    match fault.fault:
        case FaultKind.SLOW:
            await wait(fault.seconds)
            return response
        case FaultKind.CUT_JSON:
            half = bytes(response.body)[: len(response.body) // 2]
            return Response(half, status_code=response.status_code, media_type="application/json")
        case FaultKind.EXTRA_FIELDS:
            return JSONResponse(_with_extras(json.loads(bytes(response.body))))
        case FaultKind.DROP if isinstance(response, FileResponse):
            return TornFile(Path(response.path))
        case _:
            return _replacement(fault, request_id)


def _replacement(fault: Fault, request_id: str) -> Response:
    match fault.fault:
        case FaultKind.DROP:
            return Dropped()
        case FaultKind.HTML:
            return Response(
                PROXY_PAGE,
                status_code=fault.status or 200,
                media_type="text/html",
                headers=_retry_after(fault),
            )
        case FaultKind.ANSWER if isinstance(fault.body, str):
            return Response(fault.body, status_code=fault.status or 200, media_type="text/plain")
        case FaultKind.ANSWER:
            return JSONResponse(fault.body, status_code=fault.status or 200)
        case FaultKind.CODE_IN_200:
            return JSONResponse(
                {"code": fault.code, "message": fault.message, "request_id": request_id}
            )
        case _:
            headers = _retry_after(fault)
            raise StudioError(
                fault.code, fault.message, status=fault.status or 500, headers=headers
            )


def _retry_after(fault: Fault) -> dict[str, str]:
    return {} if fault.retry_after is None else {"Retry-After": fault.retry_after}


def _with_extras(body: dict[str, Any]) -> dict[str, Any]:
    extra = {"a_field_of_tomorrow": {"nested": [1, None, "two"]}}
    for part in ("output", "usage"):
        if isinstance(body.get(part), dict):
            body[part] |= extra
    return body | extra
