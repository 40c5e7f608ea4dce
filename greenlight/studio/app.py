"""Put the studio's addresses together: the vendor's protocol, the results, the controls and the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greenlight.studio import control, page
from greenlight.studio.answers import StudioError, error_answer, new_request_id
from greenlight.studio.calls import Handler, ProtocolEndpoint
from greenlight.studio.checks import check
from greenlight.studio.creates import create
from greenlight.studio.faults import Endpoint
from greenlight.studio.guard import guarded
from greenlight.studio.links import RESULTS_PATH, result
from greenlight.studio.studio import Studio
from greenlight.studio.tasks import cancel, fetch, list_tasks
from greenlight.studio.uploads import UPLOAD_PATH, policy, upload

API_PATH: Final = "/api/v1"
_FUNCTIONS: Final = f"{API_PATH}/services/aigc/image2video"
_CODES: Final = {404: "NotFound", 405: "MethodNotAllowed"}


class _OneSlashLess:
    """Take addresses with a slash at their end as those without: the vendor's documents have both."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        await self._app(scope, receive, send)


class _Dated:
    """Date every answer by the studio's clock."""

    def __init__(self, app: ASGIApp, studio: Studio) -> None:
        self._app = app
        self._clock = studio.clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self._clock.now_seconds(), usegmt=True)
                message = {**message, "headers": [*message["headers"], (b"date", date.encode())]}
            await send(message)

        await self._app(scope, receive, dated)


def create_app(studio: Studio, *, host: str = "127.0.0.1") -> Starlette:
    """Return the application of one studio, which is called by `host`; its jobs run while it does."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.studio, app.state.host = studio, host
        async with studio.running():
            yield

    return Starlette(
        routes=_routes(),
        middleware=[Middleware(_OneSlashLess), Middleware(_Dated, studio)],
        exception_handlers={HTTPException: _http_error, Exception: _own_fault},
        lifespan=lifespan,
    )


def _routes() -> list[Route]:
    def get(path: str, endpoint: Endpoint, handler: Handler, *, needs_key: bool = True) -> Route:
        return Route(path, ProtocolEndpoint(endpoint, handler, needs_key).answer, methods=["GET"])

    def post(path: str, endpoint: Endpoint, handler: Handler, *, needs_key: bool = True) -> Route:
        return Route(path, ProtocolEndpoint(endpoint, handler, needs_key).answer, methods=["POST"])

    return [
        post(f"{_FUNCTIONS}/face-detect", Endpoint.CHECK, check),
        post(f"{_FUNCTIONS}/aa-detect", Endpoint.CHECK, check),
        post(f"{_FUNCTIONS}/video-synthesis", Endpoint.CREATE, create),
        post(f"{_FUNCTIONS}/aa-template-generation", Endpoint.CREATE, create),
        get(f"{API_PATH}/tasks", Endpoint.LIST, list_tasks),
        get(f"{API_PATH}/tasks/{{task_id}}", Endpoint.FETCH, fetch),
        post(f"{API_PATH}/tasks/{{task_id}}/cancel", Endpoint.CANCEL, cancel),
        get(f"{API_PATH}/uploads", Endpoint.POLICY, policy),
        post(UPLOAD_PATH, Endpoint.UPLOAD, upload, needs_key=False),
        get(f"{RESULTS_PATH}/{{name}}", Endpoint.RESULT, result, needs_key=False),
        Route("/_studio/counters", guarded(control.show_counters)),
        Route("/_studio/faults", guarded(control.add_faults), methods=["GET", "POST"]),
        Route("/_studio/reset", guarded(control.reset), methods=["POST"]),
        Route("/_studio/thumbnails/{sha256}.jpg", page.thumbnail),
        Route("/", page.show),
    ]


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _CODES.get(error.status_code, "InvalidParameter")
    answered = StudioError(code, error.detail, status=error.status_code, headers=error.headers)
    return error_answer(answered, new_request_id())


async def _own_fault(_request: Request, _error: Exception) -> Response:
    internal = StudioError("InternalError", "An internal error has occurred.", status=500)
    return error_answer(internal, new_request_id())
