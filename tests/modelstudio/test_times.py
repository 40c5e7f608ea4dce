"""The vendor's clock is China's, and it has several handwritings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from greenlight.modelstudio.times import read_time, write_time

MOMENT = datetime(2025, 9, 11, 6, 33, 38, 716000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2025-09-11 14:33:38.716", MOMENT),
        ("2025-09-11 14:33:38", MOMENT.replace(microsecond=0)),
        ("2025-09-11T06:33:38.716+00:00", MOMENT),
        (1757572418716, MOMENT),
        ("", None),
        ("yesterday", None),
        (None, None),
        (True, None),
        (10**30, None),
        ([], None),
    ],
)
def test_a_time_is_read_as_an_aware_one(value: object, moment: datetime | None) -> None:
    assert read_time(value) == moment


def test_a_read_time_stands_on_the_clock_of_china() -> None:
    read = read_time("2025-09-11 14:33:38.716")
    assert read is not None
    assert read.utcoffset() == timedelta(hours=8)


def test_a_window_is_written_in_the_clock_of_china() -> None:
    assert write_time(datetime(2026, 11, 20, 20, 5, 9, tzinfo=UTC)) == "20261121040509"


def test_a_time_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="zone"):
        write_time(datetime(2026, 11, 20))  # noqa: DTZ001
