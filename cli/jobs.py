"""`greenlight jobs`: the paid generations in the books."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Json

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
    limit: Annotated[int, typer.Option(min=1, help="How many at the most, the newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """List the videos and templates in the books: where each stands, and what it cost."""
    from greenlight.ledger import JobState, Ledger
    from greenlight.settings import read_settings

    try:
        states = [JobState(name) for name in state or []]
    except ValueError as error:
        names = ", ".join(JobState)
        raise typer.BadParameter(f"{error}; there are {names}", param_hint="--state") from None
    with Ledger(read_settings().ledger_url) as ledger:
        found = ledger.jobs.newest(states=states, limit=limit)
    if as_json:
        for job in found:
            print(json.dumps(job_line(job), ensure_ascii=False))  # noqa: T201
    elif found:
        _print_table(found)
    else:
        print("There are no such jobs in the books.")  # noqa: T201


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


def name_of(job: Job) -> str:
    """Return what people call a job: the beginning of its hash."""
    return job.hash[:12]


def subject_of(job: Job) -> str:
    """Return what a job makes, in a few words."""
    place = str(job.brief.get("portrait") or job.brief.get("motion") or "")
    return place.rsplit("/", 1)[-1]


def _print_table(found: list[Job]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table("job", "state", "model", "of", "reserved", "CNY", Column("", overflow="fold"))
    for job in found:
        cost = f"{job.cost_cny:.3f}" if job.cost_cny is not None else f"<= {job.reserved_cny:.3f}"
        table.add_row(
            name_of(job),
            job.state.value,
            job.model,
            subject_of(job),
            f"{job.reserved_at:%m-%d %H:%M}",
            cost,
            job.place or job.message or job.task_id or "",
        )
    Console().print(table)
