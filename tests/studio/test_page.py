"""The studio's own page shows what was asked, safely and without the help of others."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from tests.studio.conftest import AROUND, FACE, Customer, Files


def page(customer: Customer) -> str:
    answered = customer.http.get(customer.studio.url)
    assert answered.headers["content-type"] == "text/html; charset=utf-8"
    return answered.text


def test_an_empty_page_says_so(customer: Customer) -> None:
    assert "Nothing was asked yet." in page(customer)


def test_a_check_is_shown_with_its_picture_and_boxes(customer: Customer, files: Files) -> None:
    request_id = customer.check("emo-detect-v1", files.astronaut).json()["request_id"]
    html = page(customer)
    assert request_id in html
    assert "passed" in html
    drawn = re.findall(r'<rect class="(\w+)" x="(\d+)" y="(\d+)" width="(\d+)"', html)
    assert drawn == [
        ("face", str(FACE[0]), str(FACE[1]), str(FACE[2] - FACE[0])),
        ("ext", str(AROUND[0]), str(AROUND[1]), str(AROUND[2] - AROUND[0])),
    ]
    picture = customer.http.get(customer.studio.url + re.findall(r'image href="([^"]+)"', html)[0])
    assert picture.content.startswith(b"\xff\xd8")
    assert len(picture.content) <= 10_000


def test_a_refusal_is_shown_with_what_the_judge_saw(customer: Customer, files: Files) -> None:
    customer.check("emo-detect-v1", files.url("made_two.jpg"))
    html = page(customer)
    assert "refused" in html
    assert "two people are in the picture" in html


def test_a_finished_job_can_be_played_from_the_page(customer: Customer, files: Files) -> None:
    good = customer.submit("liveportrait", image_url=files.astronaut, audio_url=files.sound)
    bad = customer.submit("liveportrait", image_url=files.astronaut)
    for task_id in (good, bad):
        customer.wait(task_id)
    html = page(customer)
    link = unescape(re.findall(r'<video src="([^"]+)"', html)[0])
    assert customer.http.get(link).headers["content-type"] == "video/mp4"
    assert "Field required: input.audio_url" in html
    assert html.index(bad) < html.index(good)


def test_the_counters_stand_at_the_top(customer: Customer, files: Files) -> None:
    for _ in range(3):
        customer.check("emo-detect-v1", files.astronaut)
    tiles = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd></div>", page(customer)))
    assert (tiles["checks paid"], tiles["CNY it would have cost"]) == ("3", "0.012")


def test_what_comes_from_outside_is_escaped(customer: Customer, files: Files) -> None:
    evil = "<script>alert(1)</script>"
    customer.fault("refusal", shape=2, code=evil, message='"><img src=x>')
    customer.check("emo-detect-v1", f"{files.astronaut}?{evil}")
    customer.wait(customer.submit("emo-v1", image_url=evil, audio_url=evil))
    html = page(customer)
    assert evil not in html
    assert "<img src=x>" not in html
    assert "&lt;script&gt;" in html


def test_the_page_needs_nobody_else(customer: Customer, files: Files) -> None:
    customer.check("emo-detect-v1", files.astronaut)
    html = page(customer)
    loaded = re.findall(r'(?:src|href|poster)="([^"]*)"', html)
    assert loaded
    assert all(url.startswith(("/_studio/", "data:", customer.studio.url)) for url in loaded)
    assert not re.findall(r"url\(|@import", html)


def test_no_more_than_a_hundred_are_shown(
    open_studio: Callable[..., Customer],
) -> None:
    customer = open_studio(job_seconds=60)
    for _ in range(103):
        customer.submit("emo-v1")
    html = page(customer)
    assert html.count("<article") == 100
    assert "<dt>jobs accepted</dt><dd>103</dd>" in html


def test_an_unknown_thumbnail_is_not_found(customer: Customer) -> None:
    assert customer.http.get(f"{customer.studio.url}/_studio/thumbnails/0.jpg").status_code == 404
