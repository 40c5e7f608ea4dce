"""Compare the vendor's clock with the ledger's: what is given up for its age is given up by both."""

from __future__ import annotations

from datetime import datetime, timedelta

from greenlight.modelstudio.catalog import TASK_LIFETIME
from greenlight.modelstudio.tasks import VideoTask

CLOCKS_AGREE = timedelta(seconds=30)
"""How far the vendor's clock and the ledger's may differ."""


def agree(answered_at: datetime | None, at: datetime) -> bool:
    """Whether the time that an answer of the vendor tells is that of the ledger."""
    return answered_at is not None and abs(answered_at - at) <= CLOCKS_AGREE


def is_past_its_life(task: VideoTask) -> bool:
    """Whether the vendor keeps a task's video no more: 24 hours after its end, by the vendor's own clock."""
    if task.answered_at is None or task.end_time is None:
        return False
    return task.answered_at - task.end_time >= TASK_LIFETIME
