"""What lies beside a portrait and makes no brief, or comes too late."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile

from greenlight.work.bundles.reading import LARGEST_DETAILS_BYTES
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says, expect_snapshot, name_of, shown, steady
from tests.cli.sentences.test_processes import ended, running
from tests.conftest import make_sound
from tests.website import Website

SWEEP = "greenlight sweep photos --model emo"
NO_BRIEFS = {
    "binary": b"\x89PNG",
    "deep": b"[" * 60_000,
    "deployment": b'{"deployments": {"hal-9000": "mine"}}',
    "huge": b'"' + b"x" * LARGEST_DETAILS_BYTES + b'"',
    "infinite": b'{"parameters": {"style_level": NaN}}',
    "list": b"[]",
    "mood": b'{"parameters": {"mood": "good"}}',
    "nameless": b'{"deployments": {"emo-v1": ""}}',
    "nul": b'{"sound": "a\\u0000.mp3"}',
    "portrait": b'{"portrait": "bob.png"}',
    "several": b'{"parameters": {"style_level": ["calm", "active"]}}',
    "signed": b'{"sound": "https://host/hello.wav?Signature=hidden"}',
    "unknown": b'{"models": ["imax"]}',
}
pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def photos(desk: Path) -> Path:
    """An empty folder."""
    folder = desk / "photos"
    folder.mkdir()
    return folder


def test_no_briefs(says: Says, greenlight: Greenlight, desk: Path, photos: Path) -> None:
    for name, content in NO_BRIEFS.items():
        shutil.copyfile(desk / "anna.png", photos / f"{name}.png")
        (photos / f"{name}.json").write_bytes(content)
    shutil.copyfile(desk / "anna.png", photos / "voices.png")
    shutil.copyfile(desk / "hello.wav", photos / "voices.wav")
    (photos / "voices.json").write_text('{"sound": "other.wav"}')
    # Read in any order the first time, from then on they are known and told in their own.
    greenlight(*SWEEP.split()[1:], "--no-film")
    says(f"{SWEEP} --no-film")


def test_a_brief_that_comes_late(
    says: Says, greenlight: Greenlight, desk: Path, photos: Path
) -> None:
    shutil.copyfile(desk / "anna.png", photos / "anna.png")
    make_sound(photos / "anna.wav", seconds=1)
    greenlight(*SWEEP.split()[1:], "--out", "videos", "--wait", 20)
    shutil.copytree(photos, desk / "more")
    (photos / "anna.json").write_text(json.dumps({"parameters": {"style_level": "calm"}}))
    says(SWEEP, "greenlight sweep more --model emo --param style_level=active")


def test_overwritten_again_and_again(says: Says, bucket: Bucket, desk: Path) -> None:
    portrait = (desk / "anna.png").read_bytes()
    bucket.put("anna.png", portrait)
    versions = iter(range(1, 100))

    def overwrite(**_: object) -> None:
        bucket.put("anna.png", portrait + bytes(next(versions)))

    with bucket.meddling("HeadObject", overwrite):
        says(f"greenlight sweep s3://{bucket.name}/ --model emo --no-film")


def test_a_json_in_a_bucket_that_names_a_file(says: Says, bucket: Bucket, desk: Path) -> None:
    bucket.put("anna.png", (desk / "anna.png").read_bytes())
    bucket.put("anna.json", json.dumps({"sound": str(desk / "hello.wav")}).encode())
    says(f"greenlight sweep s3://{bucket.name}/ --model emo --no-film")


def test_a_json_in_a_bucket_that_names_what_lies_elsewhere(
    says: Says, bucket: Bucket, desk: Path, website: Website
) -> None:
    sweep = f"greenlight sweep s3://{bucket.name}/ --model emo"
    bucket.put("anna.png", (desk / "anna.png").read_bytes())
    bucket.put("anna.json", json.dumps({"sound": f"{website.url}/a.mp3"}).encode())
    says(
        f"{sweep} --no-film",
        f"{sweep} --also-from {website.url}",
        f"{sweep} --also-from {website.url}/a.mp3",
    )
    assert website.requests == []


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param("https://host:port/a.mp3", id="no address"),
        pytest.param("https:///a.mp3", id="no host"),
    ],
)
def test_a_json_in_a_bucket_that_names(sound: str, says: Says, bucket: Bucket, desk: Path) -> None:
    bucket.put("anna.png", (desk / "anna.png").read_bytes())
    bucket.put("anna.json", json.dumps({"sound": sound}).encode())
    says(f"greenlight sweep s3://{bucket.name}/ --model emo --no-film")


@pytest.fixture
def odd_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder with a fault."""

    def fail(_: object) -> None:
        raise AttributeError("odd")

    monkeypatch.setattr(BmpImageFile, "_open", fail)


@pytest.mark.usefixtures("odd_decoder")
def test_a_picture_that_its_decoder_fails_on(says: Says, photos: Path) -> None:
    Image.new("RGB", (500, 500)).save(photos / "anna.bmp")
    says(f"{SWEEP} --no-film", "greenlight check photos/anna.bmp --model emo")


def test_a_name_that_is_no_text(desk: Path, photos: Path, request: pytest.FixtureRequest) -> None:
    shutil.copyfile(desk / "anna.png", photos / "anna.png")
    (photos / os.fsdecode(b"b\xff.png")).touch()
    command = f"{SWEEP} --dry-run"
    with running(command) as process:
        expect_snapshot(name_of(request), steady(shown(command, ended(process)), desk))
