"""`greenlight reconcile`: jobs whose answer was lost, and the vendor's tasks that may be theirs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.advice import as_command
from cli.jobs import job_line
from cli.options import Json
from cli.speaking import say, tell
from cli.stopping import run

if TYPE_CHECKING:
    from greenlight.filming.reconciling import AmbiguousJob
    from greenlight.ledger import Job
    from greenlight.settings import Settings


def reconcile(
    adopt: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="JOB TASK_ID",
            help="Assign the vendor's task TASK_ID to JOB, so that its video is fetched.",
        ),
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(
            metavar="JOB",
            help="Declare that JOB's request was never accepted; it can then be sent (and paid) again.",
        ),
    ] = None,
    forget: Annotated[
        str | None,
        typer.Option(
            metavar="JOB",
            help="Make JOB's template again when it is needed, because the vendor no longer has it.",
        ),
    ] = None,
    any_time: Annotated[
        bool,
        typer.Option(
            "--any-time",
            help="Adopt a task even if its time does not fit, because a clock was wrong.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Resolve jobs whose submission got no answer; list those that need a decision."""
    if sum(one is not None for one in (adopt, release, forget)) > 1:
        raise typer.BadParameter("--adopt, --release or --forget, not several at once")
    from greenlight.settings import read_settings

    settings = read_settings()
    settings.require_key()
    if adopt is not None:
        _print_job(run(_adopt(settings, *adopt, any_time=any_time)), as_json=as_json)
    elif release is not None:
        _print_job(_release(settings, release), as_json=as_json)
    elif forget is not None:
        _print_forgotten(_forget(settings, forget), as_json=as_json)
    else:
        _print_doubts(run(_reconcile(settings)), as_json=as_json)


async def _reconcile(settings: Settings) -> list[AmbiguousJob]:
    from greenlight.services import connect

    async with connect(settings) as services:
        return await services.reconciler.reconcile()


async def _adopt(settings: Settings, name: str, task_id: str, *, any_time: bool) -> Job:
    from greenlight.services import connect

    async with connect(settings) as services:
        await asyncio.to_thread(services.ledger.jobs.mark_left_in_doubt)
        job = services.ledger.jobs.find_by_name(name, service=settings.service)
        return await services.reconciler.adopt_by_id(job, task_id, any_time=any_time)


def _release(settings: Settings, name: str) -> Job:
    from greenlight.filming.reconciling import not_in_doubt
    from greenlight.services import open_ledger

    with open_ledger(settings) as ledger:
        ledger.jobs.mark_left_in_doubt()
        job = ledger.jobs.find_by_name(name, service=settings.service)
        if not ledger.jobs.release(job.id, sent_at=job.sent_at, message="released by hand"):
            raise not_in_doubt(job)
        return ledger.jobs.find(job.key) or job


def _forget(settings: Settings, name: str) -> Job:
    from greenlight.errors import InputError
    from greenlight.errors.advice import ListJobs
    from greenlight.services import open_ledger

    with open_ledger(settings) as ledger:
        job = ledger.jobs.find_by_name(name, service=settings.service)
        forgotten = ledger.jobs.forget_template(job.id)
    if forgotten is None:
        raise InputError(f"job {job.short_name} has not made a template", ListJobs())
    return forgotten


def _print_forgotten(job: Job, *, as_json: bool) -> None:
    if as_json:
        tell(job_line(job))
        return
    say(f"The template of {job.subject} is made anew when it is needed, and is paid then.")


def _print_job(job: Job, *, as_json: bool) -> None:
    if as_json:
        tell(job_line(job))
        return
    became = (
        f"{job.state.value}; `greenlight collect` fetches its video"
        if job.task_id
        else "free again; the same brief may be sent again, and is paid then"
    )
    say(f"Job {job.short_name} ({job.subject}) is {became}.")


def _print_doubts(doubts: list[AmbiguousJob], *, as_json: bool) -> None:
    if as_json:
        for doubt in doubts:
            tell(_doubt_line(doubt))
        return
    if not doubts:
        say("No job is in doubt.")
    for doubt in doubts:
        job = doubt.job
        outcome = f" -> {doubt.outcome}" if doubt.outcome else ""
        say(f"{job.short_name} {job.subject} · {job.model}{outcome}: {doubt.text(as_command)}")
        for task in doubt.candidates:
            began = f"{task.submit_time:%H:%M:%S}" if task.submit_time else "?"
            say(f"    task {task.task_id} {task.status.lower()}, began {began}")


def _doubt_line(doubt: AmbiguousJob) -> dict[str, Any]:
    return job_line(doubt.job) | {
        "outcome": doubt.outcome or None,
        "advice": doubt.text(as_command),
        "candidates": [
            {
                "task_id": task.task_id,
                "status": task.status,
                "began_at": task.submit_time.isoformat() if task.submit_time else None,
            }
            for task in doubt.candidates
        ],
    }
