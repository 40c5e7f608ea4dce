"""One page says out of the books what was refused and why, what it cost, and what is stuck."""

from __future__ import annotations

import re
import shutil
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from cli.advice import as_command
from greenlight.errors import InputError
from greenlight.ledger import JobState, Ledger
from greenlight.modelstudio import catalog
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.modelstudio.families.liveportrait import LivePortraitVerdict
from greenlight.modelstudio.families.wan_s2v import WanS2vVerdict
from greenlight.pages.refusals import MOST_REASONS
from greenlight.pages.report import MOST_CARDS, write_report
from greenlight.thumbnails.cache import Album
from greenlight.thumbnails.drawing import thumbnail
from tests.conftest import SAMPLES
from tests.ledger.values import another, begin_check, book, lose_answer, send, submit
from tests.pages.conftest import Screen, Written
from tests.pages.page import cards

NONSENSE = [
    "<script>alert(1)<script>.png",
    "😀 grüße 安娜 \"quoted\" 'too' & more.png",
    "x" * 200 + ".png",
    "{{ 7 * 7 }}{% raw %}{# #}.png",
    "a b\tc\nd.png",
]


async def test_portraits_stand_there_with_pictures_boxes_and_reasons(
    screen: Screen, written: Written
) -> None:
    samples = [SAMPLES / name for name in ("astronaut.png", "made_two.jpg", "coffee.png")]
    await screen(*samples, models=tuple(catalog.families()))
    page = written()
    assert cards(page) == ["coffee.png", "made_two.jpg", "astronaut.png"]
    images = page.all("img")
    assert [image["src"].partition(",")[0] for image in images] == ["data:image/jpeg;base64"] * 3
    assert "with the boxes of face and film" in images[2]["alt"]
    drawn = [rect["class"] for rect in page.all("rect") if "series" not in rect["class"]]
    assert drawn == ["extended", "face"]
    assert "liveportrait refused: No human face detected." in page.text
    assert "emo refused: no reason given The judge's own opinion: two people are in" in page.text
    assert "What to do: crop it to one person." in page.text


async def test_the_page_needs_no_network_and_no_script(screen: Screen, written: Written) -> None:
    await screen(SAMPLES / "astronaut.png", SAMPLES / "coffee.png")
    page = written()
    assert not page.all("script")
    assert {link.partition(",")[0] for link in page.links} == {
        "data:",
        "data:image/jpeg;base64",
        "#open",
        "#refusals",
        "#costs",
        "#portraits",
        "#videos",
    }
    assert not re.search(r"url\(|@import|https?://", page.source)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


async def test_a_screen_reader_finds_its_way(screen: Screen, written: Written) -> None:
    await screen(SAMPLES / "astronaut.png", SAMPLES / "coffee.png", models=("emo", "liveportrait"))
    page = written()
    assert page.all("html")[0]["lang"] == "en"
    assert [len(page.all(tag)) for tag in ("header", "nav", "main", "h1")] == [1, 1, 1, 1]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        assert {attributes.get("aria-labelledby", ids[0])} <= set(ids)
    assert all(link[1:] in ids for link in page.links if link.startswith("#"))
    assert all(image["alt"].startswith("Portrait ") for image in page.all("img"))
    assert len(page.all("caption")) == len(page.all("table")) > 2
    assert all(cell["scope"] in {"col", "row"} for cell in page.all("th"))
    levels = [int(level[1]) for level, _ in page.headings]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    drawings = page.all("svg")
    assert all(one.get("role") == "img" or one["aria-hidden"] == "true" for one in drawings)


def test_text_stands_out_in_light_and_in_the_dark() -> None:
    style = (Path(__file__).parents[2] / "greenlight/pages/templates/style.css").read_text()
    light, dark = (
        dict(re.findall(r"--([\w-]+): #(\w+)", part)) for part in style.split("@media", 2)[:2]
    )
    for colours in (light, light | dark):
        for ground in ("ground", "card"):
            for text in ("ink", "soft", "link", "good", "bad", "open"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
            for number in range(8):
                assert contrast(colours[f"series-{number}"], colours[ground]) >= 3


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 defines it."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


async def test_names_are_text_and_never_markup(
    screen: Screen, written: Written, tmp_path: Path
) -> None:
    for number, name in enumerate(NONSENSE):
        file = tmp_path / name
        shutil.copyfile(SAMPLES / "coffee.png", file)
        with file.open("ab") as content:
            content.write(bytes([number]))
        await screen(file)
    page = written()
    assert not page.all("script")
    assert len(page.all("img")) == len(NONSENSE)
    for name in NONSENSE:
        assert " ".join(name.split()) in page.text


def test_reasons_and_messages_are_text_too_and_never_endless(
    ledger: Ledger, written: Written
) -> None:
    book(ledger, LivePortraitVerdict(passed=False, reason="<b>bold</b> " + "long " * 100_000))
    job = submit(ledger, "t-1", another(1, brief={"portrait": "<i>.png"}))
    ledger.jobs.close(job, JobState.FAILED, code="<u>", message="</td>" * 100_000)
    page = written()
    assert not page.all("b")[2:]
    assert "<b>bold</b> long" in page.text
    assert "<u>: </td>" in page.text
    assert len(page.source) < 40_000


def test_empty_books_make_a_page_too(written: Written) -> None:
    page = written()
    assert "Nothing is in the books." in page.text
    assert not page.all("section")
    assert "Nothing is in the books from 2026-11-20 on." in written(since=date(2026, 11, 20)).text


def test_books_with_nothing_but_failures_make_a_page_too(ledger: Ledger, written: Written) -> None:
    ledger.checks.uncertain(begin_check(ledger))
    ledger.jobs.close(submit(ledger, "t-1", another(1)), JobState.FAILED, code="InternalError")
    ledger.jobs.close(submit(ledger, "t-2", another(2)), JobState.CANCELED)
    page = written()
    assert "No portrait has a verdict." in page.text
    assert "No check was answered." in page.text
    assert "None: nothing is stuck, nothing is in doubt." in page.text
    assert "InternalError" in page.text
    assert "0.004 CNY" in page.text


def test_free_failures_alone_draw_no_plot(ledger: Ledger, written: Written) -> None:
    ledger.jobs.close(submit(ledger, "t-1", another(1)), JobState.FAILED)
    page = written()
    assert "studio:80: 0.000 CNY" in page.text
    assert not page.all("svg")


def test_refusals_are_counted_by_model_and_by_reason(ledger: Ledger, written: Written) -> None:
    for number in range(3):
        book(ledger, EmoVerdict(passed=False), portrait=f"sha256-{number}")
    told = WanS2vVerdict(passed=False, code="InvalidPerson", reason="two people")
    book(ledger, told, model="wan2.2-s2v-detect")
    book(ledger, WanS2vVerdict(passed=True), model="wan2.2-s2v-detect", portrait="sha256-9")
    page = written()
    assert "emo 3 3 100%" in page.text
    assert "wan-s2v 2 1 50%" in page.text
    assert "no reason given emo 3 75%" in page.text
    assert "InvalidPerson: two people wan-s2v 1 25%" in page.text
    assert "checks 5 of them refused 4" in page.text


def test_reasons_that_differ_in_figures_only_are_one(ledger: Ledger, written: Written) -> None:
    for degrees in ("43", "37.5"):
        verdict = EmoVerdict(passed=False, reason=f"turned by {degrees} degrees, code 7")
        book(ledger, verdict, portrait=f"sha256-{degrees}")
    book(ledger, EmoVerdict(passed=False, reason="31 px wide"), portrait="sha256-31")
    page = written()
    assert "turned by … degrees, code … emo 2 67%" in page.text
    assert "31 px wide emo 1 33%" in page.text


def test_many_reasons_are_summed_up(ledger: Ledger, written: Written) -> None:
    for number in range(30):
        verdict = EmoVerdict(passed=False, reason=f"reason {chr(65 + number)}")
        book(ledger, verdict, portrait=f"sha256-{number}")
    assert f"{30 - MOST_REASONS} other reasons {30 - MOST_REASONS} 60%" in written().text


def test_open_jobs_say_what_to_do(ledger: Ledger, written: Written) -> None:
    lose_answer(ledger, another(1, brief={"portrait": "/photos/anna.png"}))
    submit(ledger, "t-2", another(2, brief={"motion": "wave.mp4"}))
    send(ledger, another(3, brief={"portrait": "s3://in/berta.png"}))
    page = written(say=as_command)
    assert "anna.png emo-v1, in doubt for 0 s" in page.text
    assert "not sent again until greenlight reconcile has looked for its task." in page.text
    assert "wave.mp4 emo-v1, submitted for 0 s" in page.text
    assert "deletes its video in 23 h; greenlight collect fetches it." in page.text
    assert "berta.png emo-v1, reserved for 0 s" in page.text
    assert "open jobs 3" in page.text


def test_costs_are_told_by_service_and_sum_up(ledger: Ledger, written: Written) -> None:
    book(ledger, EmoVerdict(passed=False))
    book(ledger, EmoVerdict(passed=False), service="elsewhere:443")
    video = another(1, model="emo-v1", price_cny=Decimal("1.5"))
    job = submit(ledger, "t-1", video)
    ledger.jobs.close(job, JobState.SUCCEEDED, cost_cny=Decimal("1.25"), place="s3://out/a.mp4")
    page = written()
    services = [text for _, text in page.headings if text.endswith(" CNY")]
    assert services == ["studio:80: 1.254 CNY", "elsewhere:443: 0.004 CNY"]
    assert "CNY 1.258" in page.text
    assert "emo-v1 1 1.250" in page.text
    assert len([one for one in page.all("svg") if one.get("role") == "img"]) == 2


def test_many_portraits_stay_light(ledger: Ledger, written: Written, album: Album) -> None:
    portraits = 1_000
    kept = thumbnail(SAMPLES / "astronaut.png")
    for number in range(portraits):
        book(ledger, EmoVerdict(passed=False), portrait=f"sha256-{number}", place=f"{number}.png")
        album.thumbnails.keep(f"sha256-{number}", kept)
    drawn: list[None] = []
    page = written(advance=lambda: drawn.append(None))
    assert len(cards(page)) == len(page.all("img")) == len(drawn) == MOST_CARDS
    assert cards(page)[0] == "999.png"
    assert f"the other {portraits - MOST_CARDS} are in the figures above" in page.text
    assert "emo 1,000 1,000 100%" in page.text
    assert len(page.source) < 5_000_000


async def test_a_report_begins_with_a_day(screen: Screen, written: Written, ledger: Ledger) -> None:
    await screen(SAMPLES / "coffee.png")
    today = ledger.now().date()
    assert cards(written(since=today.replace(year=today.year - 1))) == ["coffee.png"]
    later = written(since=today.replace(year=today.year + 1))
    assert "Nothing is in the books from" in later.text


def test_a_page_that_cannot_be_written_is_named(
    ledger: Ledger, album: Album, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="is a directory; give a file like"):
        write_report(ledger, album, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written to"):
        write_report(ledger, album, tmp_path / "file" / "report.html")
    with pytest.raises(InputError, match="cannot be written to"):
        write_report(ledger, album, tmp_path / ("x" * 300 + ".html"))
    assert not list(tmp_path.glob(".*"))
