"""One page shows every portrait with its verdicts and videos, and needs nothing else."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from greenlight.contact_sheet import Entry, reason_in_words, write_contact_sheet
from greenlight.modelstudio.animate_anyone import AnimateAnyoneVerdict
from greenlight.modelstudio.emo import EmoVerdict
from greenlight.modelstudio.liveportrait import LivePortraitVerdict
from greenlight.portraits.pictures import Portrait, examine

HOSTILE = "<img src=x onerror=alert(1)> & \"anna\" '{0}'.png"


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
async def portrait(astronaut: Path) -> Portrait:
    return await examine(str(astronaut))


def written(entries: list[Entry], folder: Path) -> Page:
    write_contact_sheet(entries, folder / "sheet.html")
    return Page(folder / "sheet.html")


async def test_every_portrait_is_there_with_a_thumbnail_of_its_own(
    portrait: Portrait, tmp_path: Path
) -> None:
    page = written([Entry(portrait), Entry(portrait)], tmp_path)
    images = page.all("img")
    assert [image["alt"] for image in images] == ["astronaut.png"] * 2
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
    assert page.all("img")[0]["alt"] == hostile.name
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
        {"class": "face", "x": "180", "y": "70", "width": "90", "height": "120"},
        {"class": "ext", "x": "60", "y": "10", "width": "300", "height": "300"},
    ]


async def test_videos_are_linked_beside_the_sheet(portrait: Portrait, tmp_path: Path) -> None:
    video = tmp_path / "videos" / "安娜 & co #1?: 100%.mp4"
    verdicts = [LivePortraitVerdict(passed=True), AnimateAnyoneVerdict(passed=True)]
    page = written([Entry(portrait, [*verdicts], {"liveportrait": str(video)})], tmp_path)
    (link,) = [attributes["src"] for attributes in page.all("video")]
    assert unquote(link) == f"videos/{video.name}"
    assert not re.search(r"[\s:?#]", link)
    assert "liveportrait filmed" in page.text
    assert "animate-anyone passed" in page.text


async def test_the_page_needs_nothing_from_elsewhere(portrait: Portrait, tmp_path: Path) -> None:
    video = {"liveportrait": str(tmp_path / "a.mp4")}
    page = written([Entry(portrait, [LivePortraitVerdict(passed=True)], video)], tmp_path)
    links = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"src", "href", "poster", "srcset"}
    ]
    assert sorted(link.partition(",")[0] for link in links) == ["a.mp4", "data:image/jpeg;base64"]
    assert "http" not in (tmp_path / "sheet.html").read_text().replace("http-equiv", "")


def test_a_refusal_without_a_word_is_explained_by_the_judge_and_marked_as_his(
    portrait: Portrait,
) -> None:
    silent = LivePortraitVerdict(passed=False)
    entry = Entry(portrait, opinions={"liveportrait": "the face is turned"})
    assert reason_in_words(silent, Entry(portrait)) == "no reason given"
    assert reason_in_words(silent, entry) == "no reason given; the judge sees: the face is turned"
    told = LivePortraitVerdict(passed=False, code="A.B", reason="nobody")
    assert reason_in_words(told, entry) == "A.B: nobody"


async def test_an_empty_sheet_is_a_page_too(tmp_path: Path) -> None:
    assert "0 portraits" in written([], tmp_path).text
