"""Portraits at a web address."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest

from greenlight.errors import InputError
from greenlight.media import web
from greenlight.media.delivery import deliver_for_check
from greenlight.media.place import without_query
from greenlight.media.places import opened
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from tests.calling import check
from tests.website import Website

SIGNED = "?X-Amz-Signature=c0ffee&token=hush"


async def test_a_picture_is_downloaded_once_and_identified_by_its_content(
    website: Website, astronaut: Path
) -> None:
    content = astronaut.read_bytes()
    portrait = await examine(website.put("/people/anna.png", content))
    assert portrait.identity == f"sha256-{hashlib.sha256(content).hexdigest()}"
    assert (portrait.name, portrait.format, portrait.size_px) == ("anna.png", "PNG", (512, 512))
    assert portrait.size_bytes == len(content)
    assert website.requests == ["/people/anna.png"]


async def test_it_is_the_same_portrait_as_the_file(website: Website, astronaut: Path) -> None:
    here = await examine(str(astronaut))
    there = await examine(website.put("/b.png", astronaut.read_bytes()))
    assert here.identity == there.identity


async def test_a_scheme_in_large_letters_is_one_like_any_other(
    website: Website, astronaut: Path, client: ModelStudio
) -> None:
    address = website.put("/anna.png", astronaut.read_bytes())
    portrait = await examine(address.replace("http", "HTTP"))
    assert (portrait.place, portrait.shown) == (address, address)
    family = catalog.family("emo")
    handed = await deliver_for_check(
        portrait, client, reader=family.check.model.id, delivery="presigned"
    )
    assert handed.url == address
    assert (await check(client, family, handed.url)).passed


async def test_a_signature_is_sent_and_never_shown(website: Website, astronaut: Path) -> None:
    portrait = await examine(website.put("/anna.png", astronaut.read_bytes()) + SIGNED)
    assert website.requests == [f"/anna.png{SIGNED}"]
    assert portrait.shown == f"{website.url}/anna.png"


async def test_a_redirect_is_followed_and_the_first_address_stays(
    website: Website, astronaut: Path
) -> None:
    website.put("/stored.png", astronaut.read_bytes())
    moved = website.put("/moved.png", status=302, headers={"location": "/stored.png"})
    async with opened(moved) as place:
        assert place.url(60) == moved
        assert place.size_bytes == astronaut.stat().st_size


async def test_the_download_is_deleted_when_the_place_is_left(
    website: Website, astronaut: Path
) -> None:
    async with opened(website.put("/anna.png", astronaut.read_bytes())) as place:
        copy = await place.local_path()
        assert copy.suffix == ".png"
        assert copy.read_bytes() == astronaut.read_bytes()
    assert not copy.exists()


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ({"status": 404}, "answered 404"),
        ({"status": 403, "content": b"<Error>AccessDenied</Error>"}, "answered 403"),
        ({"content": b""}, "is empty"),
        ({"content": b"half", "announced_bytes": 99}, "cannot be fetched"),
        ({"content": b"no picture"}, "not a picture that can be read"),
        ({"status": 302, "headers": {"location": "/anna.png"}}, "cannot be fetched"),
    ],
)
async def test_what_does_not_come_whole_is_told_in_a_sentence_without_its_signature(
    page: dict[str, object],
    words: str,
    website: Website,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(InputError, match=words) as caught:
        await examine(website.put("/anna.png", **page) + SIGNED)  # type: ignore[arg-type]
    assert f"{website.url}/anna.png" in str(caught.value)
    assert "c0ffee" not in str(caught.value) + repr(caught.value)
    assert not list(tmp_path.glob("greenlight-*"))


async def test_a_file_larger_than_any_model_takes_is_not_read_to_its_end(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_DOWNLOAD_BYTES", 1000)
    with pytest.raises(InputError, match="larger than any model accepts"):
        await examine(website.put("/large.png", bytes(100_000)))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/anna.png",
        "http://",
        "http://[::1/anna.png",
        "https://127.0.0.1:99999/anna.png",
        "http://127.0.0.1:1/" + "a" * 300 + "." + "b" * 300,
        "http://127.0.0.1:1/a.p\0g",
    ],
)
async def test_an_address_that_leads_nowhere_is_told_in_a_sentence(address: str) -> None:
    with pytest.raises(InputError, match=r"^http\S*.* (cannot be fetched|is not an address)"):
        await examine(address + SIGNED)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://a.example/b.png?sig=1#part", "https://a.example/b.png"),
        ("https://anna:hush@a.example:8443/b.png", "https://a.example:8443/b.png"),
        ("https://a.example/%E5%AE%89.png", "https://a.example/%E5%AE%89.png"),
        ("https://anna:hush@[::1/b.png?sig=1", "https://[::1/b.png"),
        ("s3://bucket/who?#.png?versionId=3", "s3://bucket/who?#.png?versionId=3"),
    ],
)
def test_people_see_an_address_without_query_and_password(address: str, shown: str) -> None:
    assert without_query(address) == shown


@pytest.mark.parametrize("place", ["ftp://a.example/b.png?sig=1", "data://b.png?sig=1"])
async def test_a_place_that_cannot_be_read_names_those_that_can(place: str) -> None:
    with pytest.raises(InputError, match="give a file, an http") as caught:
        await examine(place)
    assert "sig" not in str(caught.value)


async def test_a_file_address_is_a_file(astronaut: Path, tmp_path: Path) -> None:
    copy = tmp_path / "anna & 安娜.png"
    copy.write_bytes(astronaut.read_bytes())
    assert (await examine(copy.as_uri())).name == "anna & 安娜.png"


@pytest.mark.parametrize("path", ["a\0b.png", "~nobody-at-all/anna.png", "a" * 300, ""])
async def test_a_path_that_no_file_can_have_is_told_in_a_sentence(path: str) -> None:
    with pytest.raises(InputError):
        await examine(path)
