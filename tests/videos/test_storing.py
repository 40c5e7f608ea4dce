"""A video is stored whole or not at all."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
from pathlib import Path

import av
import numpy as np
import pytest

from greenlight.errors import InputError, StorageError
from greenlight.videos import storing
from greenlight.videos.placing import growing
from greenlight.videos.storing import StoredVideo, copy, require_place, secure, store
from tests.website import Website


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "AGAIN_AFTER_SECONDS", 0)


@pytest.fixture(scope="module", params=["disable_chpl", "faststart", "frag_keyframe+empty_moov"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of two seconds with its index at the end, at the beginning, or in pieces."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    random = np.random.default_rng(7)
    with av.open(str(path), "w", options={"movflags": request.param}) as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(48):
            picture = random.integers(0, 255, (64, 64, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


async def test_a_video_is_stored_byte_for_byte(
    film: bytes, website: Website, tmp_path: Path
) -> None:
    url = website.put("/result.mp4", film) + "?Expires=1&Signature=a%2Bb%3D"
    stored = await store(url, tmp_path / "new" / "anna.mp4")
    assert stored.place == str(tmp_path / "new" / "anna.mp4")
    assert Path(stored.place).read_bytes() == film
    assert stored.sha256 == hashlib.sha256(film).hexdigest()
    assert stored.seconds == pytest.approx(2.0, abs=0.1)
    assert website.requests == ["/result.mp4?Expires=1&Signature=a%2Bb%3D"]
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["anna.mp4"]


@pytest.mark.parametrize("part", [0.02, 0.3, 0.5, 0.9, 0.999])
async def test_a_part_of_a_video_is_not_stored_however_it_is_built(
    part: float, film: bytes, website: Website, tmp_path: Path
) -> None:
    url = website.put("/result.mp4", film[: int(len(film) * part)])
    with pytest.raises(StorageError, match=r"cut off|not a video|does not play") as caught:
        await store(url, tmp_path / "anna.mp4")
    assert caught.value.spent
    assert not list(tmp_path.glob("*.mp4*"))
    assert not list(tmp_path.glob(".*"))


async def test_what_was_cut_off_on_the_way_is_fetched_again(
    film: bytes, website: Website, tmp_path: Path
) -> None:
    website.put("/result.mp4", film[:999], announced_bytes=len(film))
    website.put("/result.mp4", b"busy", status=503)
    url = website.put("/result.mp4", film)
    await store(url, tmp_path / "anna.mp4")
    assert (tmp_path / "anna.mp4").read_bytes() == film
    assert len(website.requests) == 3


async def test_a_video_is_asked_for_as_it_is(film: bytes, website: Website, tmp_path: Path) -> None:
    """A compressed answer would be stored compressed, for it is kept byte for byte."""
    await store(website.put("/result.mp4", film), tmp_path / "anna.mp4")
    assert website.headers[0]["accept-encoding"] == "identity"


async def test_a_redirect_is_followed(film: bytes, website: Website, tmp_path: Path) -> None:
    website.put("/stored.mp4", film)
    url = website.put("/moved.mp4", status=302, headers={"location": "/stored.mp4"})
    assert (await store(url, tmp_path / "anna.mp4")).seconds > 1


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 200, "does not play"),
        (b"<html>busy</html>" * 99, 200, "does not play"),
        (gzip.compress(b"a video"), 200, "does not play"),
        (b"<Error><Code>AccessDenied</Code></Error>", 403, "the link answered 403"),
        (b"", 404, "the link answered 404"),
        (b"part", 206, "the link answered 206"),
    ],
    ids=["empty", "page", "compressed", "expired", "missing", "part"],
)
async def test_what_is_no_video_is_told_without_the_links_signature(
    content: bytes, status: int, words: str, website: Website, tmp_path: Path
) -> None:
    url = website.put("/result.mp4", content, status=status) + "?Signature=c0ffee"
    with pytest.raises(StorageError, match=words) as caught:
        await store(url, tmp_path / "anna.mp4")
    assert "c0ffee" not in str(caught.value)
    assert "its job stays open" in str(caught.value)
    assert not list(tmp_path.rglob("*mp4*"))


async def test_an_older_video_survives_a_download_that_fails(
    website: Website, tmp_path: Path
) -> None:
    (tmp_path / "anna.mp4").write_bytes(b"older")
    with pytest.raises(StorageError):
        await store(website.put("/result.mp4", b"no video"), tmp_path / "anna.mp4")
    assert (tmp_path / "anna.mp4").read_bytes() == b"older"


async def test_another_video_is_never_replaced(
    film: bytes, website: Website, tmp_path: Path
) -> None:
    (tmp_path / "anna.mp4").write_bytes(b"another job's")
    with pytest.raises(
        StorageError, match=r"something else is there.*its job stays open"
    ) as caught:
        await store(website.put("/result.mp4", film), tmp_path / "anna.mp4")
    assert caught.value.spent
    assert (tmp_path / "anna.mp4").read_bytes() == b"another job's"
    assert [file.name for file in tmp_path.iterdir()] == ["anna.mp4"]


async def test_the_same_video_stays_as_it_lies_there(
    film: bytes, website: Website, tmp_path: Path
) -> None:
    (tmp_path / "anna.mp4").write_bytes(film)
    before = (tmp_path / "anna.mp4").stat()
    stored = await store(website.put("/result.mp4", film), tmp_path / "anna.mp4")
    assert stored.sha256 == hashlib.sha256(film).hexdigest()
    assert (tmp_path / "anna.mp4").stat() == before


def filler(number: int) -> bytes:
    """Return an MP4 box that no player looks into."""
    return b"\0\0\0\x09free" + bytes([number])


async def test_of_two_videos_for_one_place_one_is_stored(
    film: bytes, website: Website, tmp_path: Path
) -> None:
    links = [website.put(f"/{one}.mp4", film + filler(one)) for one in range(2)]
    ended = await asyncio.gather(
        *(store(link, tmp_path / "both.mp4") for link in links), return_exceptions=True
    )
    (stored,) = [one for one in ended if isinstance(one, StoredVideo)]
    assert [type(one) for one in ended].count(StorageError) == 1
    content = (tmp_path / "both.mp4").read_bytes()
    assert hashlib.sha256(content).hexdigest() == stored.sha256


async def test_a_content_is_on_the_disk_before_it_gets_its_name(
    film: bytes, website: Website, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut would leave a name for nothing."""
    events: list[str] = []
    sync, link = os.fsync, os.link

    def note_sync(descriptor: int) -> None:
        events.append(f"synced {Path(f'/proc/self/fd/{descriptor}').readlink().suffix}")
        sync(descriptor)

    def note_link(part: Path, destination: Path) -> None:
        events.append("named")
        link(part, destination)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "link", note_link)
    await store(website.put("/result.mp4", film), tmp_path / "anna.mp4")
    copy(tmp_path / "anna.mp4", tmp_path / "other.mp4")
    assert events == ["synced .part", "named", "synced "] * 2


def test_a_copy_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "anna.mp4").write_bytes(b"anna")
    (tmp_path / "other.mp4").write_bytes(b"other")
    with pytest.raises(FileExistsError):
        copy(tmp_path / "anna.mp4", tmp_path / "other.mp4")
    assert (tmp_path / "other.mp4").read_bytes() == b"other"
    copy(tmp_path / "anna.mp4", tmp_path / "new" / "anna.mp4")
    copy(tmp_path / "anna.mp4", tmp_path / "new" / "anna.mp4")
    assert (tmp_path / "new" / "anna.mp4").read_bytes() == b"anna"


async def test_a_link_to_nowhere_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be fetched"):
        await store("http://127.0.0.1:1/result.mp4?Signature=c0ffee", tmp_path / "anna.mp4")


@pytest.mark.parametrize(
    ("link", "fetched"),
    [
        (
            "http://bucket.oss-cn-beijing.aliyuncs.com/a.mp4?Signature=a%2Bb",
            "https://bucket.oss-cn-beijing.aliyuncs.com/a.mp4?Signature=a%2Bb",
        ),
        ("https://bucket.aliyuncs.com/a.mp4", "https://bucket.aliyuncs.com/a.mp4"),
        ("http://127.0.0.1:8000/a.mp4", "http://127.0.0.1:8000/a.mp4"),
        ("http://aliyuncs.com.evil.example/a.mp4", "http://aliyuncs.com.evil.example/a.mp4"),
    ],
)
def test_a_link_of_the_vendor_is_fetched_over_tls(link: str, fetched: str) -> None:
    assert secure(link) == fetched


@pytest.mark.parametrize("place", ["ftp://host/videos", "/proc/videos", "note.txt/videos"])
def test_a_place_that_takes_no_video_is_told_before_anything_is_paid(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").touch()
    with pytest.raises(InputError, match=r"not a place for videos|no video can be written"):
        require_place(Path(place))


def test_looking_at_a_place_leaves_what_grows_there(tmp_path: Path) -> None:
    with growing(tmp_path / "anna.mp4") as part:
        require_place(tmp_path / "anna.mp4")
        assert list(tmp_path.iterdir()) == [part]
    dead = tmp_path / ".anna.mp4.0a1b2c3d.part"
    dead.touch()
    require_place(tmp_path / "anna.mp4")
    assert list(tmp_path.iterdir()) == [dead]


def test_a_place_that_takes_videos_is_left_as_it_was(tmp_path: Path) -> None:
    require_place(tmp_path / "videos")
    require_place(tmp_path / "anna.mp4")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["videos"]
