"""A local file is put where one model can read it, streamed, and without the key of the account."""

from __future__ import annotations

import asyncio
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import (
    AnswerLost,
    ProtocolError,
    ServiceUnreachable,
    Throttled,
    UploadRefused,
)
from greenlight.modelstudio.uploads import read_policy

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "Grace Hopper, 1984?.png"
    path.write_bytes(PICTURE)
    return path


def _parts(received: Any) -> list[tuple[str, bytes]]:
    boundary = received.headers["content-type"].split("boundary=")[1].encode()
    pieces = received.body.split(b"--" + boundary)[1:-1]
    return [
        (re.search(rb'name="([^"]+)"', piece)[1].decode(), piece.split(b"\r\n\r\n", 1)[1][:-2])  # type: ignore[index]
        for piece in pieces
    ]


async def test_a_file_is_stored_by_a_form_with_the_file_last(
    vendor: Any, studio: ModelStudio, picture: Path
) -> None:
    vendor.replay("uploads/policy")
    vendor.answer(200, b"", {})
    url = await studio.upload(picture, model="emo-detect-v1")

    asked, stored = vendor.received
    wire = vendor.case("uploads/policy").read("request")["wire"]
    assert (asked.method, asked.path) == (wire["method"], "/api/v1" + wire["path"])
    assert asked.query == wire["query"]
    assert asked.headers["authorization"] == wire["headers"]["authorization"]
    key = "dashscope-instant/0123/2026-11-20/uuid/Grace_Hopper_1984_.png"
    assert url == f"oss://{key}"
    assert (stored.method, stored.path) == ("POST", "/store")
    assert _parts(stored) == [
        ("OSSAccessKeyId", b"LTAItest"),
        ("Signature", b"c2lnbmF0dXJl"),
        ("policy", b"cG9saWN5"),
        ("key", key.encode()),
        ("x-oss-object-acl", b"private"),
        ("x-oss-forbid-overwrite", b"true"),
        ("success_action_status", b"200"),
        ("file", PICTURE),
    ]
    assert "authorization" not in stored.headers
    assert int(stored.headers["content-length"]) == len(stored.body)


@pytest.mark.parametrize(
    ("store", "code", "retryable"),
    [("store_policy_expired", "AccessDenied", True), ("store_too_large", "EntityTooLarge", False)],
)
async def test_the_store_explains_itself_in_xml(
    *,
    store: str,
    code: str,
    retryable: bool,
    vendor: Any,
    studio: ModelStudio,
    picture: Path,
) -> None:
    vendor.replay("uploads/policy")
    vendor.replay(f"uploads/{store}")
    with pytest.raises(UploadRefused) as caught:
        await studio.upload(picture, model="emo-detect-v1")
    error = caught.value
    assert (error.code, error.request_id, error.retryable) == (code, "5F1A-xxxxxx", retryable)
    assert not error.may_have_cost
    assert error.status == vendor.case(f"uploads/{store}").read("response")["status"]


async def test_a_store_without_words_is_refused_by_its_status(
    vendor: Any, studio: ModelStudio, picture: Path
) -> None:
    vendor.replay("uploads/policy")
    vendor.answer(503, b"\xff\xfe busy")
    with pytest.raises(UploadRefused) as caught:
        await studio.upload(picture, model="emo-detect-v1")
    assert (caught.value.status, caught.value.retryable) == (503, True)


async def test_a_file_above_the_limit_of_the_policy_is_not_sent(
    vendor: Any, studio: ModelStudio, picture: Path
) -> None:
    policy = vendor.case("uploads/policy").read("response")["body"]
    policy["data"]["max_file_size_mb"] = 1
    vendor.answer(200, policy)
    with picture.open("r+b") as file:
        file.truncate(1024 * 1024 + 1)
    with pytest.raises(UploadRefused, match="1048577 bytes, the store takes at most 1048576"):
        await studio.upload(picture, model="emo-detect-v1")
    assert len(vendor.received) == 1


@pytest.mark.parametrize(
    ("policy", "kind"), [("policy_incomplete", ProtocolError), ("policy_throttled", Throttled)]
)
async def test_without_a_policy_nothing_is_sent(
    policy: str,
    kind: type[Exception],
    vendor: Any,
    studio: ModelStudio,
    picture: Path,
) -> None:
    vendor.replay(f"uploads/{policy}")
    with pytest.raises(kind):
        await studio.upload(picture, model="emo-detect-v1")
    assert len(vendor.received) == 1


@pytest.mark.parametrize(("name", "kind"), [("none", FileNotFoundError), (".", IsADirectoryError)])
async def test_what_is_no_file_asks_for_no_policy(
    name: str, kind: type[Exception], vendor: Any, studio: ModelStudio, tmp_path: Path
) -> None:
    with pytest.raises(kind):
        await studio.upload(tmp_path / name, model="emo-detect-v1")
    assert vendor.received == []


async def test_a_large_file_is_streamed_from_disk(
    vendor: Any, studio: ModelStudio, tmp_path: Path, wire: Any
) -> None:
    size = 24 * 1024 * 1024
    large = tmp_path / "large.bmp"
    with large.open("wb") as file:
        file.truncate(size)
    taken = 0

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        head = await reader.readuntil(b"\r\n\r\n")
        total = int(re.search(rb"content-length: (\d+)", head.lower())[1])  # type: ignore[index]
        while taken < total:
            taken += len(await reader.read(65536))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()

    async with wire(swallow) as store:
        policy = vendor.case("uploads/policy").read("response")["body"]
        policy["data"]["upload_host"] = store
        vendor.answer(200, policy)
        tracemalloc.start()
        await studio.upload(large, model="emo-detect-v1")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert taken > size
    assert peak < size / 4


async def test_a_store_that_hangs_up_may_be_tried_again_for_free(
    vendor: Any, studio: ModelStudio, picture: Path, wire: Any
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    policy = vendor.case("uploads/policy").read("response")["body"]
    async with wire(hang_up) as store:
        policy["data"]["upload_host"] = store
        vendor.answer(200, policy)
        with pytest.raises(AnswerLost) as caught:
            await studio.upload(picture, model="emo-detect-v1")
    assert not caught.value.may_have_cost
    vendor.answer(200, policy)
    with pytest.raises(ServiceUnreachable):
        await studio.upload(picture, model="emo-detect-v1")


def test_a_policy_does_not_show_its_secrets(vendor: Any) -> None:
    shown = repr(read_policy(Answer(*vendor.case("uploads/policy").response())))
    assert "cG9saWN5" not in shown
    assert "c2lnbmF0dXJl" not in shown
