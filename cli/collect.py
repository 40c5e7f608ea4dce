"""`greenlight collect`: finish the open jobs of the books, whoever began them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.jobs import job_line
from cli.options import Json
from cli.speaking import say, tell, warn
from cli.stopping import run

if TYPE_CHECKING:
    from greenlight.filming.collector import Round
    from greenlight.ledger import Job
    from greenlight.settings import Settings


def collect(
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="Store the videos here instead of where their briefs said."
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="Keep polling this long; 0 polls once."),
    ] = 0,
    as_json: Json = False,
) -> None:
    """Download finished videos, resolve ambiguous jobs, and list what is still open."""
    from greenlight.settings import read_settings

    settings = read_settings()
    settings.require_key()
    result = run(_collect(settings, out, wait))
    _print(result, as_json=as_json)
    raise typer.Exit(1 if result.troubled or result.expired else 0)


async def _collect(settings: Settings, out: str | None, wait_seconds: float) -> Round:
    from greenlight.filming.collector import Collector
    from greenlight.services import connect

    async with connect(settings) as services:
        collector = Collector(filmer=services.filmer, reconciler=services.reconciler, out=out)
        return await collector.collect(wait_seconds=wait_seconds)


def _print(result: Round, *, as_json: bool) -> None:
    from cli.advice import as_command, told
    from greenlight.errors import sentence
    from greenlight.errors.advice import RaiseTake
    from greenlight.modelstudio.catalog import TASK_LIFETIME

    for job in result.closed:
        if as_json:
            tell(job_line(job))
        elif job not in result.expired:
            say(f"{job.short_name} {job.subject} · {job.model}: {_end_of(job)}")
    for job in result.expired:
        lost = f"{job.short_name} {job.subject} is lost, though it was paid for: {job.message}"
        warn(sentence((lost, RaiseTake()), as_command))
    for job, error in result.troubled:
        warn(f"{job.short_name} {job.subject}: {told(error)}")
    for job in result.expiring:
        lost_at = (job.submitted_at or job.reserved_at) + TASK_LIFETIME
        warn(
            f"{job.short_name} {job.subject}: its video is lost at {lost_at:%Y-%m-%d %H:%M} UTC, 24 hours "
            "after it was submitted; collect it before that"
        )
    if not as_json:
        doubts = (
            f", {len(result.doubts)} in doubt (`greenlight reconcile`)" if result.doubts else ""
        )
        say(f"{len(result.closed)} closed, {len(result.open)} still open{doubts}.")


def _end_of(job: Job) -> str:
    """Return how a job ended: with what it made, or what the vendor says and that it cost nothing."""
    made = job.place or job.template_id
    if made:
        return f"{job.state.value}, {made}"
    return f"{job.state.value}, {job.message.rstrip('.') or 'no reason given'}; it cost nothing"
