"""Say what made a video, for the JSON that is stored beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from greenlight.ledger import Job, Ledger
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Verdict
from greenlight.videos.storing import StoredVideo


def provenance_of(
    job: Job, video: StoredVideo, *, seconds: float, cost_cny: Decimal, verdict: Verdict | None
) -> dict[str, Any]:
    """Return what made a job's video: content by place and identity, model, parameters, task, times, cost.

    `seconds` is the length that was paid. Places are as people may see them, so no signed link is among them;
    times are ISO 8601 in UTC.
    """
    brief = job.brief
    family = catalog.family(job.family)
    subject, drive = family.subject.value, family.driven_by.value
    return {
        "video": video.place,
        "sha256": video.sha256,
        "seconds": seconds,
        "cost_cny": float(cost_cny),
        subject: brief[subject],
        f"{subject}_identity": brief[f"{subject}_identity"],
        **({"clip_seconds": brief["clip_seconds"]} if "clip_seconds" in brief else {}),
        drive: brief["drive"],
        f"{drive}_identity": brief["drive_identity"],
        f"{drive}_seconds": brief["drive_seconds"],
        "family": job.family,
        "model": job.model,
        "ratio": brief["ratio"],
        "parameters": brief["parameters"],
        "take": brief["take"],
        "verdict": verdict.model_dump(mode="json", exclude={"model"}) if verdict else None,
        "job": job.hash,
        "service": job.service,
        "task_id": job.task_id,
        "request_id": job.request_id,
        "submitted_at": job.submitted_at.isoformat() if job.submitted_at else None,
        "stored_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }


def booked_verdict(ledger: Ledger, job: Job) -> Verdict | None:
    """Return the verdict that let a job's subject pass, where the books have it."""
    brief, subject = job.brief, catalog.family(job.family).subject
    booked = ledger.checks.find_passed(
        job.service, job.family, brief["ratio"], brief[f"{subject}_identity"]
    )
    return booked.verdict if booked else None
