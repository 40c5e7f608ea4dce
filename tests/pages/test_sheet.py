"""One page shows every portrait with its verdicts and videos, and needs nothing else."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from greenlight.media.portraits import Portrait, examine
from greenlight.modelstudio.families.animate_anyone import AnimateAnyoneVerdict
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.modelstudio.families.liveportrait import LivePortraitVerdict
from greenlight.pages.sheet import Entry, reason_in_words, write_contact_sheet
from greenlight.screening.opinions import Opinion
from tests.pages.page import Page

HOSTILE = '<img src=x onerror=alert(1)> & "anna" \'{{0}}{%.png'
OPINION = Opinion("two people are in the picture", "crop it to one person")


@pytest.fixture
async def portrait(astronaut: Path) -> Portrait:
    return await examine(str(astronaut))


def written(entries: list[Entry], folder: Path) -> Page:
    return Page(write_contact_sheet(entries, folder / "sheet.html"))


async def test_every_portrait_is_there_with_a_thumbnail_of_its_own(
    portrait: Portrait, tmp_path: Path
) -> None:
    page = written([Entry(portrait), Entry(portrait)], tmp_path)
    images = page.all("img")
    assert [image["alt"] for image in images] == ["Portrait astronaut.png"] * 2
    kind, _, content = images[0]["src"].partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
        assert picture.width == picture.height < 512
    assert "512x512 px" in page.text
    assert "2 portraits" in page.text


async def test_a_name_is_text_and_never_markup(astronaut: Path, tmp_path: Path) -> None:
    hostile = tmp_path / HOSTILE.replace("/", "")
    hostile.write_bytes(astronaut.read_bytes())
    verdict = LivePortraitVerdict(passed=False, reason="<script>alert(2)</script> {1}", code="<b>")
    page = written([Entry(await examine(str(hostile)), [verdict])], tmp_path)
    assert page.all("img")[0]["alt"] == f"Portrait {hostile.name}"
    assert len(page.all("img")) == 1
    assert not page.all("script")
    assert hostile.name in page.text
    assert "<b>: <script>alert(2)</script> {1}" in page.text
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


async def test_the_boxes_are_drawn_in_the_portraits_own_pixels(
    portrait: Portrait, tmp_path: Path
) -> None:
    verdict = EmoVerdict(passed=True, face_bbox=(180, 70, 270, 190), ext_bbox=(60, 10, 360, 310))
    page = written([Entry(portrait, [verdict])], tmp_path)
    assert page.all("svg")[0]["viewbox"] == "0 0 512 512"
    assert page.all("rect") == [
        {"class": "extended", "x": "60", "y": "10", "width": "300", "height": "300"},
        {"class": "face", "x": "180", "y": "70", "width": "90", "height": "120"},
    ]
    assert "with the boxes" in page.all("img")[0]["alt"]


async def test_videos_are_linked_beside_the_sheet(portrait: Portrait, tmp_path: Path) -> None:
    video = tmp_path / "videos" / "安娜 & co #1?: 100%.mp4"
    video.parent.mkdir()
    video.touch()
    verdicts = [LivePortraitVerdict(passed=True), AnimateAnyoneVerdict(passed=True)]
    page = written([Entry(portrait, [*verdicts], {"liveportrait": str(video)})], tmp_path)
    (link,) = [attributes["src"] for attributes in page.all("video")]
    assert unquote(link) == f"videos/{video.name}"
    assert not re.search(r"[\s:?#]", link)
    assert "liveportrait filmed" in page.text
    assert "animate-anyone passed" in page.text


async def test_a_video_elsewhere_is_named_and_not_linked(
    portrait: Portrait, tmp_path: Path
) -> None:
    videos = {"liveportrait": "s3://videos/a.mp4", "animate-anyone": str(tmp_path / "gone.mp4")}
    verdicts = [LivePortraitVerdict(passed=True), AnimateAnyoneVerdict(passed=True)]
    page = written([Entry(portrait, [*verdicts], videos)], tmp_path)
    assert not page.all("video")
    assert "s3://videos/a.mp4" in page.text
    assert f"{tmp_path / 'gone.mp4'}, where it is no longer" in page.text


async def test_the_page_needs_nothing_from_elsewhere(portrait: Portrait, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    video = {"liveportrait": str(tmp_path / "a.mp4")}
    page = written([Entry(portrait, [LivePortraitVerdict(passed=True)], video)], tmp_path)
    links = sorted(link.partition(",")[0] for link in page.links)
    assert links == ["a.mp4", "data:", "data:image/jpeg;base64"]
    assert "http" not in page.source


def test_a_refusal_without_a_word_is_explained_by_the_judge_and_marked_as_his(
    portrait: Portrait,
) -> None:
    silent = LivePortraitVerdict(passed=False)
    entry = Entry(portrait, opinions={"liveportrait": OPINION})
    assert reason_in_words(silent, Entry(portrait)) == "no reason given"
    assert reason_in_words(silent, entry) == (
        "no reason given; local judge: two people are in the picture; crop it to one person"
    )
    told = LivePortraitVerdict(passed=False, code="A.B", reason="nobody")
    assert reason_in_words(told, Entry(portrait)) == "A.B: nobody"


async def test_a_picture_that_is_gone_has_a_card_all_the_same(
    portrait: Portrait, tmp_path: Path
) -> None:
    gone = portrait.model_copy(update={"place": str(tmp_path / "gone.png"), "shown": "gone.png"})
    silent = LivePortraitVerdict(passed=False)
    page = written([Entry(gone, [silent], opinions={"liveportrait": OPINION})], tmp_path)
    assert not page.all("img")
    assert "It lay at gone.png" in page.text
    assert "The judge's own opinion: two people are in the picture." in page.text
    assert "What to do: crop it to one person." in page.text


async def test_an_empty_sheet_is_a_page_too(tmp_path: Path) -> None:
    page = written([], tmp_path)
    assert "0 portraits" in page.text
    assert (page.open, page.astray) == ([], [])
