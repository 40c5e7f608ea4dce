"""`greenlight jobs`: the paid generations in the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Json
from cli.speaking import say, tell

if TYPE_CHECKING:
    from greenlight.ledger import Job


def jobs(
    state: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            help="reserved, submitted, ambiguous, succeeded, failed, canceled or expired; repeatable.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many, newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """List videos and templates, with their state and cost."""
    from greenlight.ledger import JobState
    from greenlight.services import open_ledger
    from greenlight.settings import read_settings

    for name in state or []:
        if name not in set(JobState):
            raise typer.BadParameter(
                f"{name} is not a state; choose from {', '.join(JobState)}", param_hint="'--state'"
            )
    states = [JobState(name) for name in state or []]
    with open_ledger(read_settings()) as ledger:
        found = ledger.jobs.newest(states=states, limit=limit)
    if as_json:
        for job in found:
            tell(job_line(job))
        return
    for job in found:
        say(_sentence(job))
    if not found:
        say(f"There are no {'such jobs' if states else 'jobs'} in the books.")


def job_line(job: Job) -> dict[str, Any]:
    """Return what machines are told of a job; money in yuan, times in ISO 8601."""

    def iso(moment: Any) -> str | None:
        return moment.isoformat() if moment else None

    return {
        "job": job.key,
        "kind": job.kind,
        "service": job.service,
        "model": job.model,
        "state": job.state.value,
        "task_id": job.task_id,
        "brief": job.brief,
        "video": job.place,
        "sha256": job.sha256,
        "template_id": job.template_id,
        "seconds": job.seconds,
        "reserved_cny": float(job.reserved_cny),
        "cost_cny": None if job.cost_cny is None else float(job.cost_cny),
        "attempts": job.attempts,
        "reserved_at": iso(job.reserved_at),
        "sent_at": iso(job.sent_at),
        "submitted_at": iso(job.submitted_at),
        "finished_at": iso(job.finished_at),
        "code": job.code,
        "message": job.message,
    }


def _sentence(job: Job) -> str:
    money = f"{job.cost_cny:.3f}" if job.cost_cny is not None else f"at most {job.reserved_cny:.3f}"
    began = f"{job.reserved_at:%Y-%m-%d %H:%M} UTC"
    where = job.place or job.template_id or job.message or (job.task_id and f"task {job.task_id}")
    facts = [f"{job.short_name} {job.state.value}", job.model, job.subject, began, f"{money} CNY"]
    return " · ".join([*facts, *filter(None, [where])])
