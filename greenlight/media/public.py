"""Fetch from hosts of the internet only, whatever a name means when it is looked up once more.

Whoever may put a file into a bucket must not have a worker read what only its own network can see: another
machine's pages, or a cloud's credentials at 169.254.169.254.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Final

import httpx

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""Addresses of version 6 that lead to one of version 4, which their last 32 bits are (RFC 6052)."""


class NotPublic(httpx.ConnectError):
    """A host's name leads to an address that the internet does not know, or nowhere."""


class PublicTransport(httpx.AsyncBaseTransport):
    """Look a host up, look at all its addresses, and connect to one that was looked at.

    Redirects come through here like first requests. Proxies of the environment are not used: they look names
    up by themselves.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None) -> None:
        self._inner = inner or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request from the first address of its host that can be connected to."""
        addresses = await _public_addresses(request.url)
        while True:
            address = addresses.pop(0)
            try:
                return await self._inner.handle_async_request(_sent_to(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if not addresses:
                    raise

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet: not private, loopback, link-local or multicast."""
    ip = ipaddress.ip_address(address)
    if ip in _NAT64:
        ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    # Addresses of 6to4 hold one of version 4 too, and nobody needs them any more (RFC 7526).
    return ip.is_global and not ip.is_multicast and getattr(ip, "sixtofour", None) is None


async def _public_addresses(url: httpx.URL) -> list[str]:
    """Return all addresses of a host; `NotPublic` if one of them is none of the internet."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            url.host, url.port or {"http": 80, "https": 443}[url.scheme], type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(str(error)) from None
    addresses = list(dict.fromkeys(str(where[0]) for *_, where in found))
    if not all(map(is_public, addresses)):
        raise NotPublic(f"{url.host} is not a host on the internet")
    return addresses


def _sent_to(address: str, request: httpx.Request) -> httpx.Request:
    """Return a request that goes to an address; its header and its certificate are still the host's."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
