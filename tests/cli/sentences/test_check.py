"""Verdicts, and portraits that are none."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from PIL import Image

from greenlight.studio.server import StudioServer
from tests.bucket import Bucket, refuse
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says
from tests.media.test_opening_pictures import png
from tests.steering import add_fault, received
from tests.website import Website

MEGABYTE = 1024 * 1024
pytestmark = pytest.mark.usefixtures("settings")


def test_passed(says: Says) -> None:
    says(
        "greenlight check anna.png --model emo --model liveportrait --model wan-s2v",
        "greenlight check anna.png --model emo --model animate-anyone",
        "greenlight check anna.png --model emo --fresh",
        "greenlight check anna.png --model emo --ratio 3:4 --json",
    )


def test_refused(says: Says) -> None:
    models = "--model emo --model liveportrait --model animate-anyone"
    says(
        f"greenlight check two.jpg cat.png {models}",
        f"greenlight check two.jpg {models} --explain",
        "greenlight check two.jpg --model emo --explain --json",
    )


def test_refused_by_a_code_alone(says: Says, studio: StudioServer) -> None:
    add_fault(studio, "refusal", "check", shape=3, code="InvalidPerson", message="")
    add_fault(studio, "refusal", "check", shape=1)
    says(
        "greenlight check two.jpg --model emo",
        "greenlight check two.jpg --model emo --explain",
        "greenlight check anna.png --model emo --explain",
    )


def test_refused_by_preflight(says: Says, desk: Path) -> None:
    Image.new("1", (300, 300)).save(desk / "small.png")
    Image.new("1", (500, 2000)).save(desk / "long.png")
    Image.new("1", (8000, 8000)).save(desk / "large.png")
    Image.new("1", (600, 600)).save(desk / "moving.gif")
    (desk / "heavy.png").write_bytes((desk / "anna.png").read_bytes() + bytes(10 * MEGABYTE))
    says(
        "greenlight check small.png large.png moving.gif --model emo",
        "greenlight check long.png heavy.png --model liveportrait",
    )


def test_no_portrait(says: Says, desk: Path) -> None:
    (desk / "note.png").write_text("no picture at all")
    (desk / "empty.png").touch()
    (desk / "cut.png").write_bytes((desk / "anna.png").read_bytes()[:5000])
    (desk / "beginning.png").write_bytes((desk / "anna.png").read_bytes()[:20])
    (desk / "two-sizes.png").write_bytes(png(60, 40)[:33] + png(60, 41)[8:])
    says(
        "greenlight check gone.png . note.png empty.png cut.png hello.wav --model emo",
        f"greenlight check anna.png/b.png {'long-' * 60}name.png --model emo",
        "greenlight check beginning.png two-sizes.png --model emo",
        "greenlight check ~nobody-4711/anna.png ftp://example.com/anna.png --model emo",
        "greenlight check file:///anna%00.png --model emo",
        "greenlight check gone.png --model emo --json",
    )


def test_no_portrait_at_an_address(says: Says, website: Website) -> None:
    url = website.url
    website.put("/empty.png")
    website.put("/page.png", b"<html>")
    website.put("/cut.png", b"12345", announced_bytes=9)
    large = gzip.compress(bytes(201 * MEGABYTE), compresslevel=1)
    website.put("/large.png", large, headers={"content-encoding": "gzip"})
    says(
        f"greenlight check {url}/gone.png {url}/empty.png {url}/page.png --model emo",
        f"greenlight check '{url}/cut.png?Signature=abc123' --model emo",
        f"greenlight check {url}/large.png --model emo",
        "greenlight check http://127.0.0.1:1/a.png --model emo",
        "greenlight check http://[::1/a.png http://a:99999/a.png --model emo",
    )


def test_overwritten(says: Says, website: Website, desk: Path) -> None:
    for name in ("anna.png", "two.jpg"):
        website.put("/portrait", (desk / name).read_bytes())
    says(f"greenlight check {website.url}/portrait --model emo")


@pytest.mark.parametrize("then", ["overwritten", "gone"])
def test_another_after_its_check(
    says: Says, bucket: Bucket, studio: StudioServer, desk: Path, then: str
) -> None:
    place = bucket.put("anna.png", (desk / "anna.png").read_bytes())

    def change(**_: object) -> None:
        """Before it is asked for again, once the studio has looked at it."""
        if received(studio, "check") == 0:
            return
        if then == "gone":
            bucket.client.delete_object(Bucket=bucket.name, Key="anna.png")
        else:
            bucket.put("anna.png", b"another")

    with bucket.meddling("HeadObject", change):
        says(f"greenlight check {place} --model emo")


def test_portraits_in_a_bucket(says: Says, bucket: Bucket, desk: Path) -> None:
    bucket.put("in/anna.png", (desk / "anna.png").read_bytes())
    bucket.put("in/note.txt", b"no picture")
    bucket.put("in/empty.png", b"")
    place = f"s3://{bucket.name}"
    says(
        f"greenlight check {place}/in/ --model emo",
        f"greenlight check {place}/out/ --model emo",
        f"greenlight check {place}/in/gone.png s3://portraits s3:///anna.png --model emo",
        f"greenlight check '{place}/in/anna.png?versionId=abc' --model emo",
        "greenlight check s3://nowhere-4711/anna.png --model emo",
        "greenlight check s3://nowhere-4711/ --model emo",
        "greenlight check s3:/// --model emo",
        f"AWS_ENDPOINT_URL=http://127.0.0.1:9 greenlight check {place}/in/anna.png --model emo",
        f"AWS_ENDPOINT_URL=nonsense greenlight check {place}/in/anna.png --model emo",
        f"AWS_PROFILE=mine greenlight check {place}/in/anna.png --model emo",
    )


def test_read_while_it_is_written(says: Says, bucket: Bucket, desk: Path) -> None:
    place = bucket.put("anna.png", (desk / "anna.png").read_bytes())

    def overwrite(**_: object) -> None:
        bucket.put("anna.png", b"another")

    with bucket.meddling("GetObject", overwrite):
        says(f"greenlight check {place} --model emo")


def test_a_version_that_may_not_be_read(says: Says, bucket: Bucket, desk: Path) -> None:
    bucket.keep_versions()
    place = bucket.put("anna.png", (desk / "anna.png").read_bytes())
    with bucket.meddling("GetObject", refuse):
        says(f"greenlight check {place} --model emo")


def test_a_picture_whose_header_never_ends(says: Says, bucket: Bucket) -> None:
    segment = b"\xff\xe1\xff\xff" + bytes(0xFFFD)
    place = bucket.put("anna.jpg", b"\xff\xd8" + 300 * segment)
    says(f"greenlight check {place} --model emo")


def test_no_credentials_for_a_bucket(
    says: Says, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    says(f"greenlight check s3://{bucket.name}/anna.png --model emo")


def test_known_verdicts_need_no_good_key(says: Says, greenlight: Greenlight) -> None:
    greenlight("check", "anna.png", "--model", "emo")
    says(
        "DASHSCOPE_API_KEY=sk-wrong greenlight check anna.png two.jpg --model emo --model wan-s2v",
        "DASHSCOPE_API_KEY=sk-wrong greenlight check two.jpg --model emo --json",
    )


def test_a_day_without_room(says: Says) -> None:
    says("GREENLIGHT_MAX_CNY_PER_DAY=0.003 greenlight check anna.png --model emo")
