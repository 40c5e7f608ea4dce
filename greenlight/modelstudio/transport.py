"""Send one HTTP request and read its answer, or say honestly what became of it.

Nothing is ever sent a second time from here. Whether the request can have arrived decides the error:
no connection is `ServiceUnreachable`, anything after that is `AnswerLost`.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from typing import Any, Final

import httpx

from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.errors import AnswerLost, ProtocolError, ServiceUnreachable
from greenlight.modelstudio.reasons import reason_of
from greenlight.modelstudio.redaction import keep_links_out_of_logs

MAX_ANSWER_BYTES: Final = 1024 * 1024
"""An answer is some hundred bytes, a full page of tasks some ten thousand."""
_MAX_CONNECT_SECONDS: Final = 10.0
_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


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
        may_cost: bool = False,
        deadline_seconds: float | None = None,
        **request: Any,
    ) -> Answer:
        """Send a request once and return its answer, of whatever status.

        `may_cost` says whether the vendor charges for such a request; `request` goes to httpx.
        """
        client = self._client(url, fresh=fresh)
        try:
            async with (
                asyncio.timeout(deadline_seconds or self._timeout_seconds),
                client.stream(method, url, **request) as response,
            ):
                content = await _read_limited(response, may_cost=may_cost)
        except _NEVER_SENT as error:
            raise ServiceUnreachable(reason_of(error)) from error
        except (httpx.TransportError, TimeoutError) as error:
            raise AnswerLost(reason_of(error), may_have_cost=may_cost) from error
        except httpx.DecodingError as error:
            raise ProtocolError("its compression is broken", may_have_cost=may_cost) from error
        return Answer(response.status_code, response.headers, content, may_cost=may_cost)

    async def aclose(self) -> None:
        """Close what was opened."""
        while self._clients:
            await self._clients.popitem()[1].aclose()


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
