"""Drop connections on purpose: uvicorn's HTTP protocol with its transport in reach of an answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


class DroppableProtocol(H11Protocol):
    """Hand every request the transport that it came over, as `scope["state"]["transport"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the transport for the requests of this connection."""
        super().connection_made(transport)
        # The state is shared by all connections, so this one gets a copy.
        self.app_state = {**self.app_state, "transport": transport}


class Dropped(Response):
    """Close the connection without a byte of an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Abort the transport, and end only when uvicorn has noticed."""
        _transport(scope).abort()
        await _disconnected(receive)


class TornFile(Response):
    """Announce a whole file, send its first half, and close the connection."""

    def __init__(self, path: Path) -> None:
        super().__init__(media_type="video/mp4")
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is to send, then close the transport."""
        whole = await asyncio.to_thread(self._path.read_bytes)
        headers = [
            (b"content-type", b"video/mp4"),
            (b"content-length", str(len(whole)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        half = whole[: len(whole) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        _transport(scope).close()
        await _disconnected(receive)


def _transport(scope: Scope) -> asyncio.Transport:
    return cast("asyncio.Transport", scope["state"]["transport"])


async def _disconnected(receive: Receive) -> None:
    # uvicorn complains of an application that ends without an answer while the connection stands.
    while (await receive())["type"] != "http.disconnect":
        pass
