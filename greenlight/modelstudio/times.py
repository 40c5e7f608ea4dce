"""Read and write the vendor's times: always China's clock, and never with a zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

CHINA: Final = timezone(timedelta(hours=8), "UTC+8")


def read_time(value: object) -> datetime | None:
    """Return an aware time, from a text in UTC+8 or from epoch milliseconds, else `None`.

    A queried task's times are texts with or without milliseconds, those of a list are numbers.
    """
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, CHINA)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def write_time(moment: datetime) -> str:
    """Return `YYYYMMDDhhmmss` in UTC+8, as a list's window wants it; `ValueError` without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is no moment")
    return moment.astimezone(CHINA).strftime("%Y%m%d%H%M%S")
