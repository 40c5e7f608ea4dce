"""The client says where it speaks, never by which key, and refuses what makes no sense unsent."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio, service_of
from greenlight.modelstudio.families.emo import EMO, EmoParameters, EmoVerdict
from tests.calling import check, submit
from tests.modelstudio.films import film_request

PICTURE = "https://example.com/a.png?Expires=1&Signature=hidden"
REFUSED = {"output": {"check_pass": False, "code": "", "message": ""}, "request_id": "r"}
CREATED = {"output": {"task_id": "t-1", "task_status": "PENDING"}, "request_id": "r"}
RUNNING = {"output": {"task_id": "t-1", "task_status": "RUNNING"}, "request_id": "r"}
FILM = film_request(
    EMO,
    PICTURE,
    "https://example.com/a.mp3?Signature=hidden",
    verdict=EmoVerdict(passed=True, face_bbox=(1, 1, 5, 5), ext_bbox=(0, 0, 9, 9)),
    parameters=EmoParameters(),
)


@pytest.mark.parametrize(
    ("base_url", "workspace", "service"),
    [
        ("https://dashscope.aliyuncs.com/api/v1", None, "dashscope.aliyuncs.com:443"),
        ("https://dashscope.aliyuncs.com/api/v1/", "ws-1", "dashscope.aliyuncs.com:443+ws-1"),
        ("http://LOCALHOST:8080/api/v1", None, "localhost:8080"),
        ("http://localhost", "", "localhost:80"),
        ("http://[::1]:8080/api/v1", None, "[::1]:8080"),
    ],
)
def test_a_service_is_host_port_and_workspace(
    base_url: str, workspace: str | None, service: str
) -> None:
    assert service_of(base_url, workspace) == service
    studio = ModelStudio("sk-test", base_url=base_url, workspace=workspace)
    assert studio.service == service


def test_the_default_address_is_that_of_beijing() -> None:
    assert ModelStudio("sk-test").service == "dashscope.aliyuncs.com:443"


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "dashscope.aliyuncs.com",
        "ftp://a.b",
        "https://",
        "https://u:p@a.b",
        "https://a.b?k=hidden",
    ],
)
def test_what_is_no_address_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError, match="address") as caught:
        ModelStudio("sk-test", base_url=base_url)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  ", "sk-hid\nden", "sk-hidden\N{SNOWMAN}"])
def test_what_is_no_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="key") as caught:
        ModelStudio(key)
    assert "hid" not in str(caught.value)


def test_a_client_does_not_show_its_key() -> None:
    studio = ModelStudio("sk-hidden-key", workspace="ws-1")
    assert f"{studio} {studio!r}".count("hidden") == 0
    assert repr(studio) == "ModelStudio(service='dashscope.aliyuncs.com:443+ws-1')"


def test_a_request_does_not_show_its_signed_links() -> None:
    assert "hidden" not in f"{FILM} {FILM!r}"


async def test_the_workspace_and_a_trimmed_key_go_with_every_request(vendor: Any) -> None:
    vendor.answer(200, REFUSED)
    vendor.answer(200, CREATED)
    vendor.answer(200, RUNNING)
    async with ModelStudio(" sk-test\n", base_url=vendor.base_url, workspace="ws-1") as studio:
        await check(studio, EMO, PICTURE)
        await submit(studio, FILM)
        await studio.fetch("t-1")
    sent = [
        (r.headers["authorization"], r.headers["x-dashscope-workspace"]) for r in vendor.received
    ]
    assert sent == [("Bearer sk-test", "ws-1")] * 3


@pytest.mark.parametrize(
    "url", ["a.png", "/home/me/a.png", "file:///a.png", "data:image/png;base64,AA", "s3://b/k", ""]
)
async def test_what_the_vendor_cannot_fetch_is_not_sent(
    url: str, vendor: Any, studio: ModelStudio
) -> None:
    with pytest.raises(ValueError, match="upload"):
        await check(studio, EMO, url)
    with pytest.raises(ValueError, match="upload"):
        await submit(studio, FILM.model_copy(update={"input": {**FILM.input, "audio_url": url}}))
    assert vendor.received == []


async def test_a_ratio_that_is_not_offered_is_not_sent(vendor: Any, studio: ModelStudio) -> None:
    with pytest.raises(ValueError, match="1:1 or 3:4"):
        await check(studio, EMO, PICTURE, ratio="16:9")
    assert vendor.received == []


async def test_a_closed_client_can_be_used_again(vendor: Any) -> None:
    studio = ModelStudio("sk-test", base_url=vendor.base_url)
    for _ in range(2):
        vendor.answer(200, RUNNING)
        assert (await studio.fetch("t-1")).status == "RUNNING"
        await studio.aclose()


async def test_no_log_shows_a_key_or_a_signed_link(
    vendor: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "a.png").write_bytes(b"x")
    async with ModelStudio("sk-hidden-key", base_url=vendor.base_url) as studio:
        vendor.answer(200, REFUSED)
        await check(studio, EMO, PICTURE)
        vendor.answer(200, CREATED)
        await submit(studio, FILM)
        vendor.replay("uploads/policy")
        vendor.answer(200, b"", {})
        await studio.upload(tmp_path / "a.png", model="emo-v1")
    assert len(vendor.received) == 4
    assert caplog.text
    assert "hidden" not in caplog.text
    assert "c2lnbmF0dXJl" not in caplog.text


def test_a_model_of_no_family_is_named_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="wan-s2v, emo, liveportrait, animate-anyone"):
        catalog.family("emoji")
