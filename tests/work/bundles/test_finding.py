"""Bundles are found below a prefix or a folder, a page at a time."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from greenlight.errors import InputError
from greenlight.media.kinds import Kind
from greenlight.work.bundles import Bundle, bundle_of, bundles_in, finding
from tests.bucket import Asked, Bucket

KEYS = [
    "in/an na.png",
    "in/an na.mp3",
    "in/a+b.PNG",
    "in/50%25.jpg",
    "in/50%25.json",
    "in/陽子.png",
    "in/陽子.wav",
    "in/🙂.webp",
    "in/deep/er/eve.png",
    "in/anna.old.png",
    "in/anna.mp3",
    "in/anna.png",
    "in/alone.mp3",
    "in/note.txt",
    "in/._anna.png",
    "in/.png",
]
STEMS = ["50%25", "a+b", "an na", "anna", "anna.old", "deep/er/eve", "陽子", "🙂"]


def everything(pages: list[list[Bundle]]) -> dict[str, int]:
    return {one.stem: len(one.everything) for page in pages for one in page}


def test_a_prefix_is_listed_and_nothing_else_asked(bucket: Bucket, requests: list[Asked]) -> None:
    for key in [*KEYS, "elsewhere/eve.png", "in/folder/"]:
        bucket.put(key, key.encode())
    del requests[:]
    found = everything(list(bundles_in(f"s3://{bucket.name}/in/")))
    assert sorted(found) == [f"s3://{bucket.name}/in/{stem}" for stem in STEMS]
    assert found[f"s3://{bucket.name}/in/anna"] == 2
    assert found[f"s3://{bucket.name}/in/50%25"] == 2
    assert [one.operation for one in requests] == ["ListObjectsV2"]


def test_a_folder_is_found_like_a_prefix(tmp_path: Path) -> None:
    for key in KEYS:
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(key)
    hidden = tmp_path / "in" / ".cache"
    hidden.mkdir()
    (hidden / "eve.png").write_text("x")
    found = everything(list(bundles_in(str(tmp_path / "in"))))
    assert sorted(found) == [f"{tmp_path}/in/{stem}" for stem in STEMS]
    assert found[f"{tmp_path}/in/anna"] == 2


def test_pages_are_of_one_size_whatever_the_listing_does(tmp_path: Path) -> None:
    for number in range(finding.AT_ONCE + 1):
        (tmp_path / f"{number:04}.png").touch()
    assert [len(page) for page in bundles_in(str(tmp_path))] == [finding.AT_ONCE, 1]


def test_a_bundle_is_listed_as_it_lies_there_now(bucket: Bucket) -> None:
    place = bucket.put("in/a+b 陽%41.mp3", b"sound")
    alone = bundle_of(place)
    assert alone is not None
    assert not alone.first(Kind.PICTURE)
    bucket.put("in/a+b 陽%41.png", b"picture")
    bucket.put("in/a+b 陽%41.old.png", b"picture")
    both = bundle_of(place)
    assert both is not None
    assert [one.place for one in both.parts[Kind.PICTURE]] == [
        f"s3://{bucket.name}/in/a+b 陽%41.png"
    ]
    assert len(both.everything) == 2


def test_what_belongs_to_no_bundle_is_none(tmp_path: Path) -> None:
    assert bundle_of(str(tmp_path / "note.txt")) is None
    assert bundle_of("s3://box/in/.hidden.png") is None


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("none", "is not a folder; give one, or s3://bucket/prefix/"),
        ("~nobody-like-this/in", "is not a folder"),
        ("s3://", "names no bucket"),
        ("s3://no-such-bucket-like-this/in/", "cannot be listed"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_what_cannot_be_listed_is_a_sentence(place: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        list(bundles_in(place))


def test_a_file_that_cannot_be_looked_at_is_listed_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "good.png").touch()
    found = everything(list(bundles_in(str(tmp_path))))
    assert sorted(found) == [f"{tmp_path}/good", f"{tmp_path}/loop"]


def test_a_name_that_is_no_text_is_left_alone_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")).touch()
    (tmp_path / "good.png").touch()
    assert list(everything(list(bundles_in(str(tmp_path))))) == [f"{tmp_path}/good"]
    assert "caf\\udce9.png' is ignored, because its name is not UTF-8" in caplog.text
