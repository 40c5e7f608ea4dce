"""What a json in a bucket names is fetched from hosts of the internet only."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from greenlight.errors import InputError
from greenlight.media import public
from greenlight.media.delivery import deliver, deliver_for_check
from greenlight.media.places import opened
from greenlight.media.portraits import examine
from greenlight.media.public import PublicTransport, is_public
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from tests.website import Website, serve_website

EMO = catalog.family("emo")
NOWHERE = "192.0.2.1"
"""An address of documents (RFC 5737)."""


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """The addresses that hosts have, each time that they are looked up; 127.0.0.1 plays the internet here."""
    known: dict[str, list[list[str]]] = {}
    resolve = socket.getaddrinfo

    def resolve_here(host: str, port: int, *about: Any, **more: Any) -> Any:
        if host not in known:
            return resolve(host, port, *about, **more)
        found = known[host].pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)
    monkeypatch.setattr(public, "is_public", lambda address: address == "127.0.0.1")
    return known


@pytest.fixture
def inside() -> Iterator[Website]:
    """A server that only this machine's network knows."""
    with serve_website() as served:
        served.put("/secret.png", b"a secret")
        yield served


def at(host: str, website: Website, path: str) -> str:
    return f"http://{host}:{httpx.URL(website.url).port}{path}"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_an_address_of_a_network_of_ones_own_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"],
)
async def test_this_machine_is_not_asked_however_it_is_called(host: str, inside: Website) -> None:
    with pytest.raises(InputError, match="is not a host on the internet") as told:
        await examine(f"public+{at(host, inside, '/secret.png')}")
    assert str(told.value).startswith("http://")
    assert "put the file into the bucket" in str(told.value)
    assert inside.requests == []


async def test_a_host_of_the_internet_is_asked_by_its_name(
    website: Website, astronaut: Path, names: dict[str, list[list[str]]]
) -> None:
    website.put("/anna.png", astronaut.read_bytes())
    address = at("public.example", website, "/anna.png")
    names["public.example"] = [["127.0.0.1"]]
    portrait = await examine(f"public+{address}")
    assert (portrait.place, portrait.shown) == (f"public+{address}", address)
    assert website.headers[-1]["host"] == httpx.URL(address).netloc.decode()


async def test_a_name_that_means_something_else_a_moment_later_is_looked_up_once(
    website: Website, astronaut: Path, names: dict[str, list[list[str]]]
) -> None:
    website.put("/anna.png", astronaut.read_bytes())
    names["public.example"] = [["127.0.0.1"], [NOWHERE]]
    await examine(f"public+{at('public.example', website, '/anna.png')}")
    assert names["public.example"] == [[NOWHERE]]


async def test_a_name_with_one_private_address_among_others_is_refused(
    website: Website, names: dict[str, list[list[str]]]
) -> None:
    names["public.example"] = [["127.0.0.1", "10.0.0.1"]]
    with pytest.raises(InputError, match=r"public.example is not a host on the internet"):
        await examine(f"public+{at('public.example', website, '/anna.png')}")
    assert website.requests == []


async def test_a_redirect_into_the_own_network_is_refused_and_one_beside_is_followed(
    website: Website, inside: Website, astronaut: Path, names: dict[str, list[list[str]]]
) -> None:
    website.put("/anna.png", astronaut.read_bytes())
    website.put("/beside.png", status=302, headers={"location": "/anna.png"})
    private = at("127.0.0.2", inside, "/secret.png")
    website.put("/inside.png", status=302, headers={"location": private})
    names["public.example"] = [["127.0.0.1"] for _ in range(3)]
    found = await examine(f"public+{at('public.example', website, '/beside.png')}")
    assert found.format == "PNG"
    with pytest.raises(InputError, match=r"127.0.0.2 is not a host on the internet"):
        await examine(f"public+{at('public.example', website, '/inside.png')}")
    assert inside.requests == []


async def test_the_next_address_is_tried_where_nobody_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.host == "192.0.2.1":
            raise httpx.ConnectError("nobody")
        return httpx.Response(200)

    async def addresses(_: httpx.URL) -> list[str]:
        return ["192.0.2.1", "2001:db8::1"]

    monkeypatch.setattr(public, "_public_addresses", addresses)
    async with httpx.AsyncClient(transport=PublicTransport(httpx.MockTransport(answer))) as client:
        assert (await client.get("https://public.example/a.png")).status_code == 200
    assert [str(one.url) for one in asked] == [
        "https://192.0.2.1/a.png",
        "https://[2001:db8::1]/a.png",
    ]
    # The certificate must be the host's, and so must the header.
    assert {one.extensions["sni_hostname"] for one in asked} == {"public.example"}
    assert {one.headers["host"] for one in asked} == {"public.example"}


async def test_a_name_that_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(InputError, match=r"^http://nobody.example/a.png cannot be fetched"):
        await examine("public+http://nobody.example/a.png")


async def test_the_vendor_gets_an_upload_and_never_such_an_address(
    client: ModelStudio, website: Website, astronaut: Path, names: dict[str, list[list[str]]]
) -> None:
    website.put("/anna.png", astronaut.read_bytes())
    names["public.example"] = [["127.0.0.1"] for _ in range(3)]
    portrait = await examine(f"public+{at('public.example', website, '/anna.png')}")
    handed = await deliver_for_check(
        portrait, client, reader=EMO.check.model.id, delivery="presigned"
    )
    url = await deliver(portrait, client, reader=EMO.video.id, delivery="presigned")
    assert handed.url.startswith("oss://")
    assert url.startswith("oss://")
    assert not handed.can_change


async def test_whoever_names_an_address_of_their_own_may_name_any(
    website: Website, astronaut: Path
) -> None:
    async with opened(website.put("/anna.png", astronaut.read_bytes())) as place:
        assert place.size_bytes == astronaut.stat().st_size
