"""Small things are kept whole, by identity, and never stand in the way."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from greenlight.thumbnails.cache import Album, KeptInFolder

IDENTITY = "sha256-" + "ab" * 32


@pytest.fixture
def kept(tmp_path: Path) -> KeptInFolder:
    return KeptInFolder(tmp_path / "home" / "thumbnails", ".jpg")


def test_what_is_kept_is_found_under_its_identity(kept: KeptInFolder) -> None:
    assert kept.find(IDENTITY) is None
    kept.keep(IDENTITY, b"first")
    kept.keep(IDENTITY, b"second")
    assert kept.find(IDENTITY) == b"second"
    assert [path.name for path in kept.folder.iterdir()] == [f"{IDENTITY}.jpg"]


@pytest.mark.parametrize("identity", ["../../escape", "etag-a/b-2-100", "..", "安娜 😀", "a\nb"])
def test_no_identity_leaves_the_folder(kept: KeptInFolder, identity: str) -> None:
    kept.keep(identity, b"content")
    assert kept.find(identity) == b"content"
    (file,) = kept.folder.iterdir()
    assert file.parent == kept.folder
    assert not list(kept.folder.parent.glob("*.jpg"))


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = KeptInFolder(tmp_path / "file" / "below", ".jpg")
    kept.keep(IDENTITY, b"content")
    assert kept.find(IDENTITY) is None


def test_an_identity_that_is_too_long_for_a_file_is_no_error(kept: KeptInFolder) -> None:
    kept.keep("x" * 400, b"content")
    assert kept.find("x" * 400) is None
    assert list(kept.folder.iterdir()) == []


def test_nobody_ever_reads_half_of_it(kept: KeptInFolder) -> None:
    whole = {bytes([number]) * 200_000 for number in range(2)}
    kept.keep(IDENTITY, next(iter(whole)))
    writers = [
        threading.Thread(target=lambda one=one: [kept.keep(IDENTITY, one) for _ in range(50)])
        for one in whole
    ]
    for writer in writers:
        writer.start()
    found = {kept.find(IDENTITY) for _ in range(200)}
    for writer in writers:
        writer.join()
    assert found <= whole


def test_an_album_in_a_home_has_a_folder_for_each_kind(tmp_path: Path) -> None:
    album = Album.in_home(tmp_path)
    album.thumbnails.keep(IDENTITY, b"jpeg")
    album.findings.keep(IDENTITY, b"[]")
    assert (tmp_path / "thumbnails" / f"{IDENTITY}.jpg").read_bytes() == b"jpeg"
    assert (tmp_path / "findings" / f"{IDENTITY}.json").read_bytes() == b"[]"
