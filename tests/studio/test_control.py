"""Only programs on the studio's machine steer it: no other machine, and no page in a browser on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from greenlight.studio.app import create_app
from greenlight.studio.studio import Studio
from tests.studio.conftest import quick

HERE = "127.0.0.1:8479"
CONTROLS = [
    ("GET", "/_studio/counters"),
    ("GET", "/_studio/faults"),
    ("POST", "/_studio/faults"),
    ("POST", "/_studio/reset"),
]
FAULT = {"fault": "refusal", "on": "check", "shape": 1}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Starlette]:
    studio = Studio(quick(tmp_path))
    app = create_app(studio, host="studio.internal")
    app.state.studio, app.state.host = studio, "studio.internal"
    yield app
    studio.close()


@asynccontextmanager
async def calling(app: Starlette, address: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(address, 5))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HERE}") as client:
        yield client


async def ask(client: httpx.AsyncClient, method: str, path: str, **headers: str) -> int:
    """Return how a studio answers what a program sends, with these headers too; `_` stands for `-`."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    body: dict[str, Any] = {"json": FAULT} if (method, path) == CONTROLS[2] else {}
    return (await client.request(method, path, headers=told, **body)).status_code


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.7", 403), ("::2", 403)],
)
@pytest.mark.parametrize(("method", "path"), CONTROLS)
async def test_controls_answer_loopback_only(
    app: Starlette, address: str, status: int, method: str, path: str
) -> None:
    async with calling(app, address) as client:
        assert await ask(client, method, path) == status


@pytest.mark.parametrize(("method", "path"), CONTROLS)
@pytest.mark.parametrize(
    ("host", "status"),
    [
        (HERE, 200),
        ("localhost:8479", 200),
        ("[::1]:8479", 200),
        ("studio.internal:8479", 200),
        ("evil.example:8479", 403),
        ("127.0.0.1.evil.example", 403),
        ("192.0.2.7", 403),
    ],
)
async def test_a_name_that_was_led_here_opens_nothing(
    app: Starlette, host: str, status: int, method: str, path: str
) -> None:
    async with calling(app) as client:
        assert await ask(client, method, path, Host=host) == status


@pytest.mark.parametrize(("method", "path"), CONTROLS)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": f"http://{HERE}", "Sec_Fetch_Site": "same-origin"}, 200),
        ({"Sec_Fetch_Site": "none"}, 200),
        ({"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:3000", "Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": f"https://{HERE}"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
async def test_pages_of_others_steer_nothing(
    app: Starlette, headers: dict[str, str], status: int, method: str, path: str
) -> None:
    async with calling(app) as client:
        assert await ask(client, method, path, **headers) == status


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("path", ["/_studio/faults", "/_studio/reset"])
async def test_what_a_form_can_send_is_not_taken(app: Starlette, kind: str, path: str) -> None:
    async with calling(app) as client:
        answer = await client.post(path, content=b"[]", headers={"Content-Type": kind})
        assert answer.status_code == 415
        good = {"Content-Type": "application/json; charset=utf-8"}
        assert (await client.post(path, content=b"[]", headers=good)).status_code == 200
