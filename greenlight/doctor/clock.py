"""Compare this machine's clock with the service's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from greenlight.doctor.findings import Finding, broken, ok, skipped, warning

SUBJECT: Final = "clock"
HIDES_TASKS_SECONDS: Final = 60
"""From here on a task whose answer was lost may be looked for in the wrong minutes of the vendor's list."""
BREAKS_SIGNATURES_SECONDS: Final = 300
"""The strictest of those that look at a signature's time: AWS gives five minutes, and S3 fifteen."""
SET_IT: Final = "set this machine's clock, and keep it right with NTP"


def compare(headers: Mapping[str, str], *, at: datetime) -> Finding:
    """Return how far this machine's clock is from the `Date` of an answer that it took `at` its own time."""
    theirs = _date(headers.get("date"))
    if theirs is None:
        return skipped(SUBJECT, "the service's answer has no date to compare it with")
    ahead = (at - theirs).total_seconds()
    # A header's date has whole seconds, cut off.
    apart = max(0, round(abs(ahead) - 1))
    says = f"it is {apart} s {'ahead of' if ahead > 0 else 'behind'} the service's"
    if apart > BREAKS_SIGNATURES_SECONDS:
        return broken(SUBJECT, f"{says}: signed requests and links are refused", SET_IT)
    if apart > HIDES_TASKS_SECONDS:
        return warning(SUBJECT, f"{says}: a task whose answer was lost may not be found", SET_IT)
    return ok(SUBJECT, f"it agrees with the service's to {max(1, apart)} s")


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
