"""Refuse whoever may not steer a studio: other machines, and the pages that a browser shows here."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Handler = Callable[[Request], Awaitable[Response]]

NOT_HERE: Final = "Only programs on the studio's own machine may do this."
NOT_ITS_NAME: Final = (
    "Call the studio by the address that it printed: a page may bring any other name."
)
NOT_A_PAGE: Final = "Pages of a browser may not do this, except the studio's own."
NOT_JSON: Final = "Send it as JSON, with Content-Type: application/json."
ITS_OWN: Final = frozenset({"same-origin", "none"})
"""What browsers say in Sec-Fetch-Site of the studio's own page, and of what a person typed or marked."""


def guarded(handler: Handler) -> Handler:
    """Return a handler that answers programs on this machine only.

    A browser on it runs pages of anybody. It says in `Origin` and `Sec-Fetch-Site` whose page asks; a page
    whose name was led to this machine meanwhile still sends its name as `Host`; and JSON it sends to others
    only after asking, which nobody allows.
    """

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        if why := _why_refused(request):
            return refused(why, 403)
        if request.method == "POST" and not _may_be_json(request):
            return refused(NOT_JSON, 415)
        return await handler(request)

    return answer


def refused(why: str, status: int) -> Response:
    """Answer that something is not done, and why."""
    return JSONResponse({"error": why}, status_code=status)


def _why_refused(request: Request) -> str | None:
    if request.client is None or not _is_loopback(request.client.host):
        return NOT_HERE
    name = request.url.hostname or ""
    if name not in {"localhost", request.app.state.host} and not _is_loopback(name):
        return NOT_ITS_NAME
    headers = request.headers
    origin = headers.get("Origin")
    is_own = origin is None or urlsplit(origin)[:2] == (request.url.scheme, headers.get("Host"))
    return None if is_own and headers.get("Sec-Fetch-Site", "none") in ITS_OWN else NOT_A_PAGE


def _may_be_json(request: Request) -> bool:
    """Whether a body is said to be JSON; who sends none need not say so."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    has_body = (
        request.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in request.headers
    )
    return kind == "application/json" or not (kind or has_body)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
