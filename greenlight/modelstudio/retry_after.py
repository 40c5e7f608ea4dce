"""Read the vendor's wish for how long to wait (RFC 9110, `Retry-After`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

MAX_RETRY_AFTER_SECONDS: Final = 600.0
"""Longer wishes are cut to this: rate limits usually recover within a minute."""
_SECONDS: Final = re.compile(r"[+-]?\d+(\.\d+)?")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, between 0 and 600, or `None` where nothing readable is said.

    The header is a number of seconds or an HTTP date; what lies in the past is 0. A date is counted from the
    date of the answer itself, where it has one: this machine's clock may go wrong.
    """
    value = _header(headers, "retry-after")
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    elif moment := _moment(value):
        answered_at = _moment(_header(headers, "date")) or datetime.now(UTC)
        seconds = (moment - answered_at).total_seconds()
    else:
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((v for k, v in headers.items() if k.casefold() == name), "").strip()


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
