"""Pictures are fetched from their addresses, and refused with the codes of their model's document."""

from __future__ import annotations

import io
import socket
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from tests.studio.conftest import Customer, Files

EMO, LIVEPORTRAIT = "emo-detect-v1", "liveportrait-detect"
WAN, ANIMATE = "wan2.2-s2v-detect", "animate-anyone-detect-gen2"


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "grey").save(stream, kind)
    return stream.getvalue()


def refused(customer: Customer, model: str, url: str) -> tuple[int, str]:
    function = "aa-detect" if model == ANIMATE else "face-detect"
    answered = customer.check(model, url, function=function)
    assert customer.counters()["checks_paid"] == {}
    return answered.status_code, answered.json()["code"]


@pytest.mark.parametrize(
    ("model", "size", "kind", "code"),
    [
        (EMO, (399, 500), "PNG", "InvalidFile.Resolution"),
        (WAN, (400, 7001), "PNG", "InvalidFile.Resolution"),
        (EMO, (500, 500), "GIF", "InvalidImage.FileFormat"),
        (LIVEPORTRAIT, (500, 500), "GIF", "InvalidParameter.UnsupportedFileFormat"),
        (LIVEPORTRAIT, (500, 1001), "PNG", "InvalidImage.ImageSize"),
        (LIVEPORTRAIT, (4097, 4000), "PNG", "InvalidImage.ImageSize"),
        (ANIMATE, (500, 1001), "PNG", "InvalidFile.AspectRatio"),
        (ANIMATE, (224, 300), "PNG", "InvalidFile.Resolution"),
        (ANIMATE, (500, 500), "WEBP", "InvalidImage.FileFormat"),
    ],
)
def test_a_picture_outside_the_limits_is_refused_unpaid(
    customer: Customer, files: Files, *, model: str, size: tuple[int, int], kind: str, code: str
) -> None:
    url = files.put(f"limits.{kind.lower()}", picture(*size, kind))
    assert refused(customer, model, url) == (400, code)


def test_a_picture_that_claims_to_be_huge_is_refused_by_its_header(
    customer: Customer, files: Files
) -> None:
    bomb = bytearray(picture(8, 8))
    struct.pack_into(">II", bomb, 16, 12_000, 12_000)
    struct.pack_into(">I", bomb, 29, zlib.crc32(bomb[12:29]))
    assert refused(customer, EMO, files.put("bomb.png", bomb)) == (400, "InvalidFile.Resolution")


def test_a_picture_with_too_many_bytes_is_refused(customer: Customer, files: Files) -> None:
    url = files.put("heavy.jpg", picture(500, 500, "JPEG") + bytes(5 * 1024 * 1024))
    assert refused(customer, ANIMATE, url) == (400, "InvalidFile.Size")


@pytest.mark.parametrize("data", [b"no picture at all", picture(600, 600)[:-40], b""])
def test_a_file_that_is_no_whole_picture_is_refused(
    customer: Customer, files: Files, data: bytes
) -> None:
    url = files.put("broken.png", data)
    assert refused(customer, EMO, url) == (400, "InvalidImage.FileFormat")


@pytest.mark.parametrize(
    ("model", "code"),
    [
        (EMO, "InvalidURL"),
        (LIVEPORTRAIT, "InvalidParameter.InputDownloadFailed"),
        (WAN, "InvalidURL"),
        (ANIMATE, "InvalidURL.ConnectionRefused"),
    ],
)
def test_an_address_where_nobody_answers_has_the_models_own_code(
    customer: Customer, model: str, code: str
) -> None:
    with socket.socket() as taken:
        # Bound, but nobody listens.
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.png"
        assert refused(customer, model, url) == (400, code)


@pytest.mark.parametrize(
    "url", ["a.png", "/etc/passwd", "ftp://host/a.png", "data:image/png;base64,"]
)
def test_what_is_no_web_address_is_refused(customer: Customer, url: str) -> None:
    assert refused(customer, EMO, url) == (400, "InvalidURL")


def test_a_picture_that_is_not_there_is_refused(customer: Customer, files: Files) -> None:
    assert refused(customer, EMO, files.url("nothing.png")) == (400, "InvalidURL")


def test_an_address_that_never_answers_times_out(
    open_studio: Callable[..., Customer],
) -> None:
    customer = open_studio(fetch_seconds=0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a.png"
        assert refused(customer, ANIMATE, url) == (400, "InvalidURL.Timeout")


def test_nothing_fetched_stays_behind(customer: Customer, files: Files) -> None:
    customer.check(EMO, files.astronaut)
    customer.check(EMO, files.url("nothing.png"))
    assert list((customer.studio.home / "fetched").iterdir()) == []
