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

    The header is a number of seconds or an HTTP date; what lies in the past is 0.
    """
    value = next((v for k, v in headers.items() if k.casefold() == "retry-after"), "").strip()
    seconds = float(value) if _SECONDS.fullmatch(value) else _seconds_until(value)
    return None if seconds is None else min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _seconds_until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
