"""The report has a card for each portrait, with its picture, its verdicts and its videos."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pytest

from greenlight.ledger import JobState, Ledger
from greenlight.media.files import hash_file
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.modelstudio.families.liveportrait import LivePortraitVerdict
from greenlight.pages.report import write_report
from greenlight.thumbnails.cache import Album
from greenlight.thumbnails.drawing import thumbnail
from tests.bucket import Bucket
from tests.conftest import SAMPLES
from tests.ledger.values import CHECK, another, book, lose_answer, submit
from tests.pages.conftest import Screen, Written
from tests.pages.page import Page, cards
from tests.production import Production
from tests.studio.conftest import make_clip
from tests.website import Website


async def test_a_picture_that_was_kept_is_shown_when_its_file_is_gone(
    screen: Screen, written: Written, album: Album, tmp_path: Path
) -> None:
    file = tmp_path / "anna.png"
    shutil.copyfile(SAMPLES / "made_two.jpg", file)
    identity, _ = hash_file(file)
    await screen(file)
    first = written()
    assert album.thumbnails.find(identity) == thumbnail(file)
    file.unlink()
    assert written().all("img") == first.all("img")
    assert "two people are in the picture" in written().text


async def test_a_file_that_was_replaced_is_not_shown_as_the_portrait(
    screen: Screen, written: Written, tmp_path: Path
) -> None:
    file = tmp_path / "anna.png"
    shutil.copyfile(SAMPLES / "made_two.jpg", file)
    await screen(file)
    shutil.copyfile(SAMPLES / "coffee.png", file)
    page = written()
    assert not page.all("img")
    assert f"It lay at {file}" in page.text
    assert "opinion" not in page.text


async def test_what_lies_elsewhere_is_named_and_not_fetched(
    screen: Screen, written: Written, website: Website, bucket: Bucket
) -> None:
    content = (SAMPLES / "coffee.png").read_bytes()
    stored = bucket.put("in/coffee.png", content + b"another")
    await screen(f"{website.put('/coffee.png', content)}?Signature=secret", stored)
    asked = len(website.requests)
    page = written()
    assert not page.all("img")
    assert f"It lay at {website.url}/coffee.png" in page.text
    assert f"It lay at {stored}" in page.text
    assert "secret" not in page.source
    assert len(website.requests) == asked


async def test_a_video_plays_from_the_page_where_it_is_local(
    production: Production, screen: Screen, ledger: Ledger, album: Album, tmp_path: Path
) -> None:
    await screen(SAMPLES / "astronaut.png", models=("liveportrait",))
    videos = tmp_path / "my videos #1"
    job = await production.collect(await production.submitted(), videos)
    assert job.place is not None
    file, _ = write_report(ledger, album, tmp_path / "pages" / "report.html")
    page = Page(file)
    (video,) = page.all("video")
    assert (file.parent / unquote(video["src"])).resolve() == Path(job.place)
    assert "controls" in video
    assert video["aria-label"] == "Video of astronaut.png by liveportrait"
    assert "liveportrait filmed" in page.text
    assert [link["href"] for link in page.all("a")][-1] == video["src"]
    Path(job.place).unlink()
    page = Page(write_report(ledger, album, file)[0])
    assert not page.all("video")
    assert f"{job.place}, where it is no longer" in page.text


def test_what_became_of_a_video_stands_by_its_portrait(ledger: Ledger, written: Written) -> None:
    endings = {
        "being filmed": lambda number: submit(ledger, f"t-{number}", new(number)),
        "in doubt": lambda number: lose_answer(ledger, new(number)),
        "lost: too late": lambda number: ledger.jobs.expire(
            submit(ledger, f"t-{number}", new(number)), message="too late"
        ),
        "failed: A.B: no": lambda number: ledger.jobs.close(
            submit(ledger, f"t-{number}", new(number)), JobState.FAILED, code="A.B", message="no"
        ),
        "filmed s3://out/a.mp4": lambda number: ledger.jobs.close(
            submit(ledger, f"t-{number}", new(number)), JobState.SUCCEEDED, place="s3://out/a.mp4"
        ),
    }

    def new(number: int) -> object:
        portrait = f"sha256-{number}"
        made = another(number + 1, brief={"portrait": "a.png"}, portrait=portrait)
        return replace(made, model="liveportrait", family="liveportrait")

    for number, end in enumerate(endings.values()):
        passed = LivePortraitVerdict(passed=True)
        book(ledger, passed, portrait=f"sha256-{number}", model="liveportrait-detect")
        end(number)
    page = written()
    for words in endings:
        assert f"liveportrait {words}" in page.text


def test_checks_of_one_portrait_are_told_apart_by_ratio_and_deployment(
    ledger: Ledger, written: Written
) -> None:
    boxes = {"face_bbox": (10, 10, 20, 20), "ext_bbox": (0, 0, 30, 40)}
    for ratio in ("1:1", "3:4"):
        book(ledger, EmoVerdict(passed=True, ratio=ratio, **boxes), ratio=ratio)
    book(ledger, EmoVerdict(passed=False), model="my-own")
    new = another(1, brief={"portrait": "a.png", "ratio": "3:4"}, portrait=CHECK.portrait)
    ledger.jobs.close(submit(ledger, "t-1", new), JobState.SUCCEEDED, place="s3://out/a.mp4")
    page = written()
    assert cards(page) == ["a.png"]
    assert "emo passed emo 3:4 filmed s3://out/a.mp4 emo as my-own refused" in page.text


@pytest.mark.usefixtures("lips")
def test_who_was_filmed_without_a_check_has_a_card_too_with_a_frame_of_the_clip(
    ledger: Ledger, written: Written, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "bob.mp4", SAMPLES / "astronaut.png", seconds=1)
    identity, _ = hash_file(clip)
    of_lips = {"model": "lips-1", "family": "lips"}
    filmed = another(1, brief={"clip": str(clip)}, portrait=identity, **of_lips)
    refused = another(2, brief={"clip": "eve.mp4"}, portrait="sha256-2", **of_lips)
    ledger.jobs.close(submit(ledger, "t-1", filmed), JobState.SUCCEEDED, place="s3://out/b.mp4")
    book(ledger, LivePortraitVerdict(passed=True), portrait="sha256-3", model="liveportrait-detect")
    ledger.jobs.close(submit(ledger, "t-2", refused), JobState.FAILED, code="InvalidVideo.NoHuman")
    page = written()
    assert cards(page) == ["eve.mp4", "a.png", "bob.mp4"]
    assert "lips filmed s3://out/b.mp4" in page.text
    assert "lips refused: InvalidVideo.NoHuman" in page.text
    (image,) = page.all("img")
    assert image["src"].startswith("data:image/jpeg;base64,")
    assert "bob.mp4 320x320 px" in page.text
    assert cards(written(since=date(2999, 1, 1))) == []


def test_two_services_have_a_card_each_and_are_named(ledger: Ledger, written: Written) -> None:
    book(ledger, EmoVerdict(passed=False))
    book(ledger, EmoVerdict(passed=False), service="elsewhere:443")
    page = written()
    assert cards(page) == ["a.png", "a.png"]
    assert "a.png elsewhere:443 emo refused" in page.text
    assert "a.png studio:80 emo refused" in page.text
