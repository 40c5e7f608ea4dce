"""Receive requests in the vendor's order: key, body, faults, rate; then a handler of the studio answers.

Every request of the vendor's protocol comes through `ProtocolEndpoint`, which counts it, turns a
`StudioError` into its answer, and lets waiting faults happen.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from greenlight.studio import inject
from greenlight.studio.answers import (
    StudioError,
    error_answer,
    invalid_parameter,
    new_request_id,
    throttled,
)
from greenlight.studio.faults import Endpoint
from greenlight.studio.studio import Studio

MAX_BODY_BYTES: Final = 1024 * 1024
_BEARER: Final = re.compile(r"bearer\s+(\S+)", re.IGNORECASE)
_STARTS: Final = (Endpoint.CHECK, Endpoint.CREATE)


@dataclass(slots=True)
class Call:
    """One request on its way to an answer."""

    request: Request
    studio: Studio
    endpoint: Endpoint
    request_id: str = field(default_factory=new_request_id)
    body: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    """The `model` of the body or the query, where there is one."""

    def asks_for(self, header: str) -> bool:
        """Return whether a header says `enable`."""
        return str(self.request.headers.get(header, "")).casefold() == "enable"

    @property
    def input(self) -> Mapping[str, Any]:
        """Return the body's `input`; raise the vendor's error if it is none."""
        given = self.body.get("input")
        if not isinstance(given, dict):
            raise StudioError(
                "BadRequest.EmptyInput", 'Required parameter "input" missing or invalid.'
            )
        return given

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Return the body's `parameters`, which may be left out."""
        given = self.body.get("parameters") or {}
        if not isinstance(given, dict):
            raise invalid_parameter("Required body invalid: parameters must be an object.")
        return given

    def check_resolution(self) -> None:
        """Raise the vendor's error for an `oss://` input without the header that resolves it."""
        has_upload = any(str(value).startswith("oss://") for value in self.input.values())
        if has_upload and not self.asks_for("X-DashScope-OssResourceResolve"):
            raise StudioError(
                "InvalidParameter.DataInspection",
                "Unable to download the media resource during the data inspection process.",
            )


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ProtocolEndpoint:
    """Receive the requests of one endpoint and answer with what its handler says."""

    endpoint: Endpoint
    handler: Handler
    needs_key: bool = True

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        call = Call(request, request.app.state.studio, self.endpoint)
        call.studio.request_log.received(self.endpoint)
        try:
            return await self._answer(call)
        except StudioError as error:
            if error.status == 429:
                call.studio.request_log.throttled(self.endpoint)
                self._note_start(call, accepted=False)
            return error_answer(error, call.request_id)
        except ClientDisconnect:
            return Response(status_code=400)

    async def _answer(self, call: Call) -> Response:
        if self.needs_key:
            _check_key(call)
        await _read(call)
        wait = call.studio.wait
        if fault := call.studio.faults.strike("before", self.endpoint, call.model):
            instead = await inject.before(fault, call.request_id, wait)
            if instead is not None:
                return instead
        self._check_rate(call)
        response = await self.handler(call)
        if fault := call.studio.faults.strike("after", self.endpoint, call.model):
            return await inject.after(fault, response, call.request_id, wait)
        return response

    def _check_rate(self, call: Call) -> None:
        settings = call.studio.settings
        match self.endpoint:
            case Endpoint.CHECK | Endpoint.CREATE:
                # A model that nobody offers has no rate; its name is refused in the handler.
                call.studio.offer(call.model)
                name, rate = call.model, settings.rate_per_second
            case Endpoint.POLICY:
                name, rate = f"policy {call.model}", settings.upload_policies_per_second
            case Endpoint.FETCH | Endpoint.LIST | Endpoint.CANCEL:
                name, rate = f"tasks {self.endpoint}", settings.task_requests_per_second
            case _:
                return
        if not call.studio.rates.admit(name, rate):
            raise throttled()
        self._note_start(call, accepted=True)

    def _note_start(self, call: Call, *, accepted: bool) -> None:
        if self.endpoint in _STARTS:
            call.studio.request_log.arrived(call.model, accepted=accepted)


def _check_key(call: Call) -> None:
    given = _BEARER.fullmatch(call.request.headers.get("Authorization", "").strip())
    if given is None:
        raise StudioError("InvalidApiKey", "No API-key provided.", status=401)
    if not hmac.compare_digest(given[1].encode(), call.studio.settings.key.encode()):
        raise StudioError("InvalidApiKey", "Invalid API-key provided.", status=401)


async def _read(call: Call) -> None:
    if call.endpoint not in _STARTS:
        call.model = call.request.query_params.get("model", "")
        return
    call.body = await _json_object(call.request)
    model = call.body.get("model")
    if not isinstance(model, str) or not model:
        raise StudioError("BadRequest.EmptyModel", 'Required parameter "model" missing or invalid.')
    call.model = model


async def _json_object(request: Request) -> dict[str, Any]:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise StudioError("BadRequest.TooLarge", "Payload Too Large")
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise invalid_parameter("Required body invalid, please check the request body format.")
    return body
