"""Serve files over loopback HTTP, whole or not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Page:
    """What is answered: with `announced_bytes` more than there is, the connection ends too early."""

    content: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    announced_bytes: int | None = None


@dataclass
class Website:
    """The answers of a server by path, and the requests as they came, with their query."""

    url: str
    pages: dict[str, list[Page]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def put(self, path: str, content: bytes = b"", **page: object) -> str:
        """Answer a path with this, after what was put there before; the last one stays. Return its URL."""
        self.pages.setdefault(path, []).append(Page(content, **page))  # type: ignore[arg-type]
        return self.url + path

    def page(self, path: str) -> Page:
        pages = self.pages.get(path.partition("?")[0], [Page(b"", 404)])
        return pages.pop(0) if len(pages) > 1 else pages[0]


class _Handler(BaseHTTPRequestHandler):
    website: Website

    def do_GET(self) -> None:
        self.website.requests.append(self.path)
        self.website.headers.append({name.lower(): value for name, value in self.headers.items()})
        page = self.website.page(self.path)
        self.send_response(page.status)
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(page.announced_bytes or len(page.content)))
        self.end_headers()
        self.wfile.write(page.content)

    def do_POST(self) -> None:
        # What is left unread would break the connection before the answer arrives.
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.do_GET()

    do_DELETE = do_GET  # noqa: N815 - the names of the methods

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serve_website() -> Iterator[Website]:
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    website = Website(f"http://127.0.0.1:{server.server_address[1]}")
    handler.website = website  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield website
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
