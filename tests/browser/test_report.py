"""The report opens from its file, on a desktop and on a phone, with its pictures and its videos."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Keep
from tests.browser.stage import Stage

PICTURES = [
    "Portrait astronaut.png, with the boxes of face and film",
    "Portrait grace_hopper.jpg, with the boxes of face and film",
    "Portrait 1 & <b>.png, with the boxes of face and film",
    "Portrait made_two.jpg",
    "Portrait 安娜 🙂.jpg",
]


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True, ids=["desktop", "phone"])
def test_the_report_is_read_at_any_width(
    page: Page, stage: Stage, keep: Keep, natural_size: Callable[[str], tuple[int, int]]
) -> None:
    page.goto(stage.report.as_uri())
    expect(page.get_by_role("heading", name="Greenlight report")).to_be_visible()
    expect(page.get_by_text("two people are in the picture").first).to_be_visible()
    assert min(min(natural_size(picture)) for picture in PICTURES) > 90
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], "nothing has to be scrolled sideways"
    for video in page.locator("video").all():
        video.scroll_into_view_if_needed()
        video.evaluate("v => v.readyState >= 1 || new Promise(r => v.onloadedmetadata = r)")
        assert video.evaluate("v => v.duration") > 3
    assert page.locator("video").count() == 2
    keep(f"report {width[1]}")


def test_the_report_shows_the_refused_alone_where_they_are_asked_for(
    page: Page, stage: Stage
) -> None:
    page.goto(stage.report.as_uri())
    page.get_by_label("refused", exact=True).check()
    expect(page.get_by_role("heading", name="made_two.jpg")).to_be_visible()
    expect(page.get_by_role("heading", name="astronaut.png")).to_be_hidden()


def test_a_video_plays(page: Page, stage: Stage) -> None:
    page.goto(stage.report.as_uri())
    video = page.locator("video").first
    video.scroll_into_view_if_needed()
    video.evaluate("v => { v.muted = true; return v.play() }")
    page.wait_for_function("document.querySelector('video').currentTime > 0.2")
