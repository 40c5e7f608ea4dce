"""Write answers as Model Studio does: bodies, errors and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any
from uuid import uuid4

from starlette.responses import JSONResponse, Response

from greenlight.modelstudio.times import CHINA


class StudioError(Exception):
    """Refuse a request, or fail a job, with one of the vendor's codes.

    `status` and `headers` say how a request is answered; a failed job has neither.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.headers = dict(headers or {})


def invalid_parameter(message: str) -> StudioError:
    """Return the error of a request whose fields do not fit."""
    return StudioError("InvalidParameter", message)


def field_required(name: str) -> StudioError:
    """Return the error of a field that is missing, named as `input.image_url`."""
    return invalid_parameter(f"Field required: {name}")


def invalid_url() -> StudioError:
    """Return the error of an input's address that is none."""
    return StudioError(
        "InvalidURL", "Required URL is missing or invalid, please check the request URL."
    )


def throttled(headers: Mapping[str, str] | None = None) -> StudioError:
    """Return the error of a request above the rate."""
    return StudioError(
        "Throttling.RateQuota",
        "Requests rate limit exceeded, please try again later.",
        status=429,
        headers=headers,
    )


def new_request_id() -> str:
    """Return an id as the vendor gives every answer one."""
    return str(uuid4())


def answer(body: Mapping[str, Any], request_id: str, *, status: int = 200) -> Response:
    """Answer with a JSON body, the request id last."""
    return JSONResponse({**body, "request_id": request_id}, status_code=status)


def error_answer(error: StudioError, request_id: str) -> Response:
    """Answer with an error's code and message."""
    return JSONResponse(
        {"code": error.code, "message": error.message, "request_id": request_id},
        status_code=error.status,
        headers=error.headers,
    )


def xml_error(code: str, message: str, *, status: int) -> Response:
    """Answer as the object storage does, which speaks XML."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(code)}</Code>'
    return Response(
        f"{text}<Message>{escape(message)}</Message></Error>\n",
        status_code=status,
        media_type="application/xml",
    )


def beijing_text(epoch_ms: int) -> str:
    """Return a time as task answers write it: `2025-09-11 14:33:38.716`, in UTC+8."""
    when = datetime.fromtimestamp(epoch_ms / 1000, UTC).astimezone(CHINA)
    return f"{when:%Y-%m-%d %H:%M:%S}.{epoch_ms % 1000:03d}"
