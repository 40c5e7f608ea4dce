"""Only programs on the studio's machine steer it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from greenlight.studio.app import create_app
from greenlight.studio.studio import Studio
from tests.studio.conftest import quick


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.7", 403), ("::2", 403)],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/_studio/counters"), ("GET", "/_studio/faults"), ("POST", "/_studio/reset")],
)
async def test_controls_answer_loopback_only(
    tmp_path: Path, *, address: str, status: int, method: str, path: str
) -> None:
    studio = Studio(quick(tmp_path))
    app = create_app(studio)
    app.state.studio = studio
    transport = httpx.ASGITransport(app, client=(address, 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://studio") as client:
        assert (await client.request(method, path)).status_code == status
    studio.close()
