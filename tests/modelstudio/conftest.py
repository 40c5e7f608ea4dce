"""Serve the fixture files over loopback HTTP, and raw sockets for answers that no server gives."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "modelstudio"
KEY = "sk-test-0000"
REPLAYED_AREAS = ("animate_anyone", "emo", "errors", "liveportrait", "tasks", "wan_s2v")


@dataclass(frozen=True)
class Case:
    """A folder of fixture files."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.relative_to(FIXTURES).as_posix()

    def read(self, file: str) -> Any:
        return json.loads((self.folder / f"{file}.json").read_text())

    def raw_text(self) -> str:
        return (self.folder / "response.raw.txt").read_text()

    def response(self) -> tuple[int, dict[str, str], bytes]:
        told = self.read("response")
        headers = {"content-type": "application/json", **told.get("headers", {})}
        if "body_file" in told:
            body = (self.folder / told["body_file"]).read_bytes()
        else:
            body = json.dumps(told["body"]).encode()
        return told["status"], headers, body


def replayed_cases() -> list[Case]:
    """Return every case that the replay runs."""
    return [
        Case(file.parent)
        for area in REPLAYED_AREAS
        for file in sorted((FIXTURES / area).glob("*/request.json"))
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", replayed_cases(), ids=lambda case: case.name)


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    port: int
    """The client's: two requests of one connection share it."""


@dataclass
class Vendor:
    """A server that answers what it was told, and keeps what it was asked."""

    url: str
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"{self.url}/api/v1"

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, headers or {"content-type": "application/json"}, content))

    def case(self, name: str) -> Case:
        return Case(FIXTURES / name)

    def replay(self, case: Case | str) -> None:
        found = self.case(case) if isinstance(case, str) else case
        status, headers, body = found.response()
        self.answers.append((status, headers, body.replace(b"{server}", self.url.encode())))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vendor: Vendor

    def _serve(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        address = urlsplit(self.path)
        self.vendor.received.append(
            Received(
                method=self.command,
                path=address.path,
                query=dict(parse_qsl(address.query)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
                port=self.client_address[1],
            )
        )
        status, headers, body = self.vendor.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.vendor = Vendor(f"http://127.0.0.1:{server.server_address[1]}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield handler.vendor  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
async def studio(vendor: Vendor) -> AsyncIterator[ModelStudio]:
    async with ModelStudio(KEY, base_url=vendor.base_url) as client:
        yield client


Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Wire = Callable[[Speak], AbstractAsyncContextManager[str]]


@pytest.fixture
def wire() -> Wire:
    """Return what opens a raw server: it speaks as told, and every connection ends when it returns."""

    @asynccontextmanager
    async def open_wire(speak: Speak) -> AsyncIterator[str]:
        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await speak(reader, writer)
            except ConnectionError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(one, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}/api/v1"
        finally:
            server.close()
            await server.wait_closed()

    return open_wire


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep proxies of the machine away, and let every test see its own first warning."""
    monkeypatch.setenv("NO_PROXY", "*")
    catalog.warn_of_retirement.cache_clear()
    yield
    catalog.warn_of_retirement.cache_clear()
