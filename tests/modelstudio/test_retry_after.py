"""The vendor's wish to wait is honoured, within reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from greenlight.modelstudio.retry_after import MAX_RETRY_AFTER_SECONDS, read_retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("86400", MAX_RETRY_AFTER_SECONDS),
        ("9" * 400, MAX_RETRY_AFTER_SECONDS),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Fri, 06 Nov 2893 08:49:37 GMT", MAX_RETRY_AFTER_SECONDS),
        ("Sun Nov  6 08:49:37 1994", 0.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("Wed, 99 Nov 2026 10:00:00 GMT", None),
        ("Wed, 11 Nov 99999 10:00:00 GMT", None),
    ],
)
def test_a_wish_is_read(value: str, seconds: float | None) -> None:
    assert read_retry_after({"Retry-After": value}) == seconds


def test_a_date_is_counted_from_now() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=90)
    seconds = read_retry_after({"retry-after": format_datetime(soon, usegmt=True)})
    assert seconds is not None
    assert 60 < seconds <= 90


def test_a_date_is_counted_from_that_of_the_answer_whatever_this_machines_clock_says() -> None:
    headers = {
        "Retry-After": "Sun, 06 Nov 1994 08:51:07 GMT",
        "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
    }
    assert read_retry_after(headers) == 90
    assert read_retry_after(headers | {"Date": "yesterday"}) == 0


def test_no_wish_is_none() -> None:
    assert read_retry_after({"content-type": "text/html"}) is None
