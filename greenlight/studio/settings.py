"""Say how a local studio behaves: its key, its pace, its times, and where it keeps its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from greenlight.modelstudio.catalog import (
    TASK_LIFETIME,
    TASK_REQUESTS_PER_SECOND,
    UPLOAD_POLICIES_PER_SECOND,
)


@dataclass(frozen=True, slots=True)
class StudioSettings:
    """What one studio is told at its start; the defaults are the vendor's, except for `job_seconds`."""

    home: Path
    """Holds the database, uploads and videos; made when missing, used by one studio at a time."""
    key: str = field(default="sk-local", repr=False)
    """The one API key that is let in."""
    rate_per_second: float = 5.0
    """Checks and creates that one model may be asked for in any second."""
    rate_jitter_seconds: float = 0.05
    """By how much the windows of all rates are shorter than the rate says; the vendor's are not told."""
    task_requests_per_second: float = TASK_REQUESTS_PER_SECOND
    """Fetches in any second; lists and cancels have the same limit, each for itself."""
    upload_policies_per_second: float = UPLOAD_POLICIES_PER_SECOND
    job_seconds: float = 5.0
    """How long a job runs at least; the vendor takes minutes."""
    task_seconds: float = TASK_LIFETIME.total_seconds()
    """How long a task id answers before it is UNKNOWN."""
    link_seconds: float = TASK_LIFETIME.total_seconds()
    """How long a video's link lives after the job's end."""
    policy_seconds: float = 300.0
    """How long a form upload may begin after its policy was given."""
    upload_seconds: float = 48 * 3600.0
    """How long an uploaded file is kept."""
    fetch_seconds: float = 30.0
    """How long a picture, sound or motion may take to be fetched from its URL."""
    deployments: Mapping[str, str] = field(default_factory=dict)
    """Deployments of one's own, by name: the id of the model that each one runs."""

    def __post_init__(self) -> None:
        """Refuse a pace or a time that cannot be kept."""
        for name in ("rate_per_second", "task_requests_per_second", "upload_policies_per_second"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.job_seconds < 0:
            raise ValueError(f"job_seconds must not be below 0, it is {self.job_seconds}")
