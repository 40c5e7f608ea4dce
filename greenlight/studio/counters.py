"""Show all that was asked, done and billed, so that tests can compare it with a client's books."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from greenlight.studio.jobs import ENDED, Job, JobTable, without_queries
from greenlight.studio.request_log import CheckRecord, RequestLog


def counters(request_log: RequestLog, table: JobTable) -> dict[str, Any]:
    """Return all counters as one JSON object; checks and jobs stand newest first."""
    jobs, checks = table.newest(), request_log.newest_checks()
    paid = [check for check in checks if check.status == 200]
    requests = request_log.requests()
    return {
        "checks_paid": _count(check.model for check in paid),
        "creates_accepted": _count(job.model for job in jobs),
        "jobs_open": _count(job.model for job in jobs if job.status not in ENDED),
        **{
            f"jobs_{status.lower()}": _count(job.model for job in jobs if job.status == status)
            for status in ENDED
        },
        "seconds_billed": _seconds(jobs),
        "cost_cny": float(
            sum(check.cost_cny for check in paid) + sum(job.cost_cny for job in jobs)
        ),
        "requests": {endpoint: received for endpoint, (received, _) in requests.items()},
        "answered_429": {endpoint: throttled for endpoint, (_, throttled) in requests.items()},
        "arrivals": request_log.arrivals(accepted=True),
        "arrivals_throttled": request_log.arrivals(accepted=False),
        "checks": [_shown_check(check) for check in checks],
        "jobs": [_shown_job(job) for job in jobs],
    }


def _count(models: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(models).items()))


def _seconds(jobs: Iterable[Job]) -> dict[str, float]:
    seconds: dict[str, float] = defaultdict(float)
    for job in jobs:
        if job.seconds:
            seconds[job.model] += job.seconds
    return {model: round(total, 3) for model, total in sorted(seconds.items())}


def _shown_check(check: CheckRecord) -> dict[str, Any]:
    return {
        "request_id": check.request_id,
        "model": check.model,
        "at_ms": check.at_ms,
        "image_url": check.image_url,
        "sha256": check.sha256,
        "parameters": dict(check.parameters),
        "status": check.status,
        "output": dict(check.output),
        "seen": list(check.seen),
        "paid": check.status == 200,
    }


def _shown_job(job: Job) -> dict[str, Any]:
    return {
        "task_id": job.task_id,
        "request_id": job.request_id,
        "model": job.model,
        "status": job.status,
        "input": without_queries(job.input),
        "parameters": dict(job.parameters),
        "sha256": dict(job.digests),
        "submitted_ms": job.submitted_ms,
        "scheduled_ms": job.scheduled_ms,
        "ended_ms": job.ended_ms,
        "code": job.code,
        "message": job.message,
        "template_id": job.template_id,
        "seconds": job.seconds,
        "cost_cny": float(job.cost_cny),
    }
