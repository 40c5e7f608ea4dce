"""A video's link is signed, expires, and serves ranges, as players need them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.studio.conftest import Customer, Files, until


def link(customer: Customer, files: Files) -> str:
    task_id = customer.submit("liveportrait", image_url=files.astronaut, audio_url=files.sound)
    return str(customer.wait(task_id)["output"]["results"]["video_url"])


def test_a_good_link_needs_no_key_and_serves_ranges(customer: Customer, files: Files) -> None:
    url = link(customer, files)
    del customer.http.headers["Authorization"]
    whole = customer.http.get(url)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    part = customer.http.get(url, headers={"Range": "bytes=4-11"})
    assert (part.status_code, part.content) == (206, whole.content[4:12])
    assert customer.http.head(url).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.partition("?")[0],
        lambda url: url.replace("Signature=", "Signature=x"),
        lambda url: url.replace("Expires=1", "Expires=2"),
        lambda url: url.replace("/results/", "/results/0"),
    ],
)
def test_a_link_that_was_changed_is_denied(
    customer: Customer, files: Files, change: Callable[[str], str]
) -> None:
    answered = customer.http.get(change(link(customer, files)))
    assert answered.status_code == 403
    assert answered.headers["content-type"].startswith("application/xml")


def test_a_link_expires(open_studio: Callable[..., Customer], files: Files) -> None:
    customer = open_studio(link_seconds=1)
    url = link(customer, files)
    until(lambda: customer.http.get(url).status_code == 403)
    assert "Request has expired." in customer.http.get(url).text


def test_what_nobody_can_reach_any_more_is_deleted_at_the_next_start(
    open_studio: Callable[..., Customer], files: Files
) -> None:
    before = open_studio()
    link(before, files)
    before.studio.stop()
    assert len(list((before.studio.home / "results").iterdir())) == 1
    open_studio(home=before.studio.home, link_seconds=0)
    assert list((before.studio.home / "results").iterdir()) == []
