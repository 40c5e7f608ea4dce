"""Whatever breaks on the way, the error says whether the request can have arrived."""

from __future__ import annotations

import asyncio
import gzip
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import (
    AnswerLost,
    ModelStudioError,
    ProtocolError,
    ServiceUnreachable,
)
from greenlight.modelstudio.families.emo import EMO
from greenlight.modelstudio.family import VideoRequest
from greenlight.modelstudio.submissions import leaves_doubt
from tests.calling import check, submit

PICTURE = "https://example.com/a.png?Signature=hidden"
REQUEST = VideoRequest(
    model="wan2.2-s2v",
    path="/services/aigc/image2video/video-synthesis",
    input={"image_url": PICTURE, "audio_url": "https://example.com/a.mp3?Signature=hidden"},
    parameters={},
)
CREATED = {"output": {"task_id": "t-1", "task_status": "PENDING"}, "request_id": "r-1"}


async def _read_request(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))


def _answering(head: bytes, body: bytes = b"") -> Any:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body)
        await writer.drain()

    return speak


async def _drop_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the connection and close it."""


async def _drop_after_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _read_request(reader)


async def _reset_after_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _read_request(reader)
    writer.transport.abort()


async def _never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _read_request(reader)
    await reader.read()


async def _answer_in_drops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


LOST = {
    "dropped at once": _drop_at_once,
    "dropped after reading": _drop_after_reading,
    "reset after reading": _reset_after_reading,
    "no answer": _never_answer,
    "an answer that never ends": _answer_in_drops,
    "a body cut off": _answering(b"content-length: 500", b'{"output":'),
    "no HTTP": _answering(b"content-length: so long"),
}
UNREADABLE = {
    "a broken compression": _answering(b"content-encoding: gzip\r\ncontent-length: 4", b"GZIP"),
    "a flood": _answering(b"content-length: 2000000", b" " * 2_000_000),
    "a compressed flood": _answering(
        b"content-encoding: gzip\r\nconnection: close", gzip.compress(b" " * 5_000_000)
    ),
}
BROKEN = {**LOST, **UNREADABLE}


class _Counting:
    """Count the connections that a way of speaking has seen."""

    def __init__(self, speak: Any) -> None:
        self.speak = speak
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self.speak(reader, writer)


def _client(base_url: str) -> ModelStudio:
    return ModelStudio("sk-test-0000", base_url=base_url, timeout_seconds=0.3)


@pytest.mark.parametrize("how", LOST)
async def test_a_check_whose_answer_is_lost_may_be_asked_again(how: str, wire: Any) -> None:
    speak = _Counting(LOST[how])
    async with wire(speak) as base_url, _client(base_url) as studio:
        with pytest.raises(AnswerLost) as caught:
            await check(studio, EMO, PICTURE)
    assert (caught.value.retryable, caught.value.may_have_cost) == (True, True)
    assert speak.connections == 1
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("how", BROKEN)
async def test_a_paying_request_whose_answer_is_lost_is_in_doubt(how: str, wire: Any) -> None:
    speak = _Counting(BROKEN[how])
    async with wire(speak) as base_url, _client(base_url) as studio:
        with pytest.raises(ModelStudioError) as caught:
            await submit(studio, REQUEST)
    assert leaves_doubt(caught.value)
    assert caught.value.may_have_cost
    assert speak.connections == 1


@pytest.mark.parametrize("how", LOST)
async def test_a_query_whose_answer_is_lost_has_cost_nothing(how: str, wire: Any) -> None:
    async with wire(LOST[how]) as base_url, _client(base_url) as studio:
        with pytest.raises(AnswerLost) as caught:
            await studio.fetch("t-1")
    assert (caught.value.retryable, caught.value.may_have_cost) == (True, False)


@pytest.mark.parametrize("how", UNREADABLE)
async def test_an_unreadable_answer_is_never_a_verdict(how: str, wire: Any) -> None:
    async with wire(UNREADABLE[how]) as base_url, _client(base_url) as studio:
        with pytest.raises(ProtocolError):
            await check(studio, EMO, PICTURE)


@pytest.mark.parametrize("how", UNREADABLE)
async def test_a_query_whose_answer_is_unreadable_has_cost_nothing(how: str, wire: Any) -> None:
    async with wire(UNREADABLE[how]) as base_url, _client(base_url) as studio:
        with pytest.raises(ProtocolError) as caught:
            await studio.fetch("t-1")
    assert not caught.value.may_have_cost


async def _every_call(studio: ModelStudio, tmp_path: Path) -> list[ModelStudioError]:
    file = tmp_path / "a.png"
    file.write_bytes(b"x")
    calls = (
        check(studio, EMO, PICTURE),
        submit(studio, REQUEST),
        studio.fetch("t-1"),
        studio.list_tasks(),
        studio.cancel("t-1"),
        studio.upload(file, model="emo-v1"),
    )
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    return [outcome for outcome in outcomes if isinstance(outcome, ModelStudioError)]


def _expect_unreachable(caught: list[ModelStudioError]) -> None:
    assert [type(error) for error in caught] == [ServiceUnreachable] * 6
    assert all(error.retryable and not error.may_have_cost for error in caught)


async def test_a_refused_connection_has_sent_and_cost_nothing(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with _client(f"http://127.0.0.1:{free.getsockname()[1]}/api/v1") as studio:
            _expect_unreachable(await _every_call(studio, tmp_path))


async def test_an_unknown_host_has_cost_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unknown(*args: object, **more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with _client("https://studio.invalid/api/v1") as studio:
        _expect_unreachable(await _every_call(studio, tmp_path))


@pytest.mark.parametrize("error", [httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_no_connection_in_time_has_cost_nothing(
    error: type[httpx.TimeoutException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def stall(*args: object) -> None:
        raise error("")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", stall)
    async with _client("https://studio.invalid/api/v1") as studio:
        caught = await _every_call(studio, tmp_path)
    _expect_unreachable(caught)
    assert all("no connection in time" in str(error) for error in caught)


async def test_a_proxy_that_refuses_has_let_nothing_through(
    monkeypatch: pytest.MonkeyPatch, wire: Any
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"CONNECT studio.invalid:443 ")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()

    async with wire(refuse) as proxy:
        monkeypatch.delenv("NO_PROXY")
        monkeypatch.setenv("HTTPS_PROXY", proxy.removesuffix("/api/v1"))
        async with _client("https://studio.invalid/api/v1") as studio:
            with pytest.raises(ServiceUnreachable, match="407"):
                await submit(studio, REQUEST)


async def test_queries_share_a_connection_and_paying_requests_never_do(
    vendor: Any, studio: ModelStudio
) -> None:
    running = {"output": {"task_id": "t-1", "task_status": "RUNNING"}}
    for answer in (running, CREATED, running, CREATED):
        vendor.answer(200, answer)
    await studio.fetch("t-1")
    await submit(studio, REQUEST)
    await studio.fetch("t-1")
    await submit(studio, REQUEST)
    first, one, second, other = (received.port for received in vendor.received)
    assert first == second
    assert len({first, one, other}) == 3
