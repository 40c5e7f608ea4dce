"""Send one HTTP request and read its answer, or say honestly what became of it.

Nothing is ever sent a second time from here. Whether the request can have arrived decides the error:
no connection is `ServiceUnreachable`, anything after that is `AnswerLost`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import h11
import httpx

from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.errors import (
    AnswerLost,
    ModelStudioError,
    NotSent,
    ProtocolError,
    ServiceUnreachable,
)
from greenlight.modelstudio.reasons import reason_of
from greenlight.modelstudio.redaction import keep_links_out_of_logs

Ready = Callable[[], Awaitable[None]]
MAX_ANSWER_BYTES: Final = 1024 * 1024
"""An answer is some hundred bytes, a full page of tasks some ten thousand."""
_MAX_CONNECT_SECONDS: Final = 10.0
_SENDING: Final = ("http11.send_request_headers.started", "http11.send_request_body.started")
_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def awake_seconds() -> float:
    """Return the reading of a clock that goes on while the machine is suspended, where it has one."""
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def build_post(url: str, *, headers: Mapping[str, str], body: Mapping[str, Any]) -> httpx.Request:
    """Return a whole request, ready to be sent; `ValueError` says what in it cannot be sent."""
    try:
        request = httpx.Request("POST", url, headers=dict(headers), json=body)
        # What HTTP forbids in a header would show only after the request was booked.
        h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
    except (httpx.InvalidURL, h11.LocalProtocolError, TypeError, UnicodeError) as error:
        raise ValueError(f"this request cannot be sent: {error}") from None
    return request


class Transport:
    """Hold the connections: some that are kept alive, and new ones for what must not be doubted.

    A kept connection may have been closed by the other side a moment ago, and a paying request that
    runs into that would leave a needless doubt.
    """

    def __init__(self, timeout_seconds: float) -> None:
        keep_links_out_of_logs()
        self._timeout_seconds = timeout_seconds
        self._clients: dict[tuple[bool, bool], httpx.AsyncClient] = {}

    def prepare(self, url: str) -> None:
        """Make what the first request to an address needs, so that it starts as punctually as the others."""
        self._client(url, fresh=False)

    def _client(self, url: str, *, fresh: bool) -> httpx.AsyncClient:
        """Return the client for an address, made when it is first needed."""
        secure = not url.startswith("http://")
        if (secure, fresh) not in self._clients:
            self._clients[secure, fresh] = self._new_client(secure=secure, fresh=fresh)
        return self._clients[secure, fresh]

    def _new_client(self, *, secure: bool, fresh: bool) -> httpx.AsyncClient:
        # Pool, connection and TLS each get a quarter at most, so that a deadline that strikes
        # always strikes after the request has begun to leave.
        opening = min(_MAX_CONNECT_SECONDS, self._timeout_seconds / 4)
        return httpx.AsyncClient(
            # Plain HTTP, as to a local studio, needs no certificates, and they take long to read.
            verify=_tls() if secure else False,
            timeout=httpx.Timeout(self._timeout_seconds, connect=opening, pool=opening),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=0 if fresh else 20),
        )

    async def send(
        self,
        method: str,
        url: str,
        *,
        fresh: bool = False,
        deadline_seconds: float | None = None,
        **request: Any,
    ) -> Answer:
        """Send a free request once, and return its answer, of whatever status; `request` goes to httpx."""
        client = self._client(url, fresh=fresh)
        try:
            async with (
                asyncio.timeout(deadline_seconds or self._timeout_seconds),
                client.stream(method, url, **request) as response,
            ):
                content = await _read_limited(response, may_cost=False)
        except _NEVER_SENT as error:
            raise ServiceUnreachable(reason_of(error)) from error
        except (httpx.TransportError, TimeoutError) as error:
            raise AnswerLost(reason_of(error), may_have_cost=False) from error
        except httpx.DecodingError as error:
            raise ProtocolError("its compression is broken", may_have_cost=False) from error
        return Answer(response.status_code, response.headers, content, may_cost=False)

    async def pay(
        self, request: httpx.Request, *, ends_at: float | None = None, ready: Ready | None = None
    ) -> Answer:
        """Send a paying request once, on a connection of its own, and return its answer, of whatever status.

        `ready` is awaited once the connection is there, so that the first byte leaves at its moment.
        `ends_at` bounds it all, by `awake_seconds`, and is looked at again before the head and before the
        body: a machine that slept, or a process that was stopped, sends no more of it. Then, and whatever
        happens before the first byte, it is a `ServiceUnreachable`: nothing was accepted.
        """
        deadline = awake_seconds() + self._timeout_seconds
        ends_at = deadline if ends_at is None else min(ends_at, deadline)
        line = _Line(ends_at, ready)
        try:
            async with (
                self._new_client(secure=request.url.scheme == "https", fresh=True) as client,
                asyncio.timeout(max(0.0, ends_at - awake_seconds())),
            ):
                request.extensions = {"timeout": client.timeout.as_dict(), "trace": line.trace}
                response = await client.send(request, stream=True)
                async with contextlib.aclosing(response):
                    content = await _read_limited(response, may_cost=True)
        except ModelStudioError:
            raise
        except httpx.DecodingError as error:
            raise ProtocolError("its compression is broken", may_have_cost=True) from error
        except Exception as error:
            if not line.is_used:
                raise ServiceUnreachable(reason_of(error)) from error
            raise AnswerLost(reason_of(error), may_have_cost=True) from error
        return Answer(response.status_code, response.headers, content, may_cost=True)

    async def aclose(self) -> None:
        """Close what was opened."""
        while self._clients:
            await self._clients.popitem()[1].aclose()


class _Line:
    """Know whether the first byte of a request was sent, and let none be sent after its time.

    A request whose head alone arrives is none: without the body that it announces nobody accepts it.
    """

    def __init__(self, ends_at: float, ready: Ready | None) -> None:
        self._ends_at, self._ready = ends_at, ready
        self.is_used = False

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Hear of a step of the connection from httpcore, just before it is made."""
        if event not in _SENDING:
            return
        # A proxy is asked for a tunnel first, by a request that says nothing of ours.
        if bytes(info["request"].method) == b"CONNECT":
            return
        if self._ready is not None and not self.is_used:
            await self._ready()
        if awake_seconds() >= self._ends_at:
            raise NotSent("its time was over before it was sent whole")
        self.is_used = True


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return the trusted certificates; reading them takes longer than a request on loopback."""
    return httpx.create_ssl_context()


async def _read_limited(response: httpx.Response, *, may_cost: bool) -> bytes:
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > MAX_ANSWER_BYTES:
            raise ProtocolError(
                f"it is longer than {MAX_ANSWER_BYTES} bytes",
                status=response.status_code,
                may_have_cost=may_cost,
            )
    return bytes(content)
