"""`greenlight collect`: finish the open jobs of the books, whoever began them."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.jobs import job_line, name_of
from cli.options import Json

if TYPE_CHECKING:
    from greenlight.filming.collector import Round
    from greenlight.ledger import Job
    from greenlight.settings import Settings


def collect(
    out: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="Where videos go instead of where their briefs said."),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="How long to go on; 0 looks once."),
    ] = 0,
    as_json: Json = False,
) -> None:
    """Store what is done, settle what is in doubt, and say what is still open."""
    from greenlight.settings import read_settings

    settings = read_settings()
    settings.require_key()
    result = asyncio.run(_collect(settings, out, wait))
    _print(result, as_json=as_json)
    raise typer.Exit(1 if result.troubled or result.expired else 0)


async def _collect(settings: Settings, out: str | None, wait_seconds: float) -> Round:
    from greenlight.filming.collector import Collector
    from greenlight.services import connect

    async with connect(settings) as services:
        collector = Collector(filmer=services.filmer, reconciler=services.reconciler, out=out)
        return await collector.collect(wait_seconds=wait_seconds)


def _print(result: Round, *, as_json: bool) -> None:
    from greenlight.errors import explain
    from greenlight.modelstudio.catalog import TASK_LIFETIME

    for job in result.closed:
        if as_json:
            print(json.dumps(job_line(job), ensure_ascii=False))  # noqa: T201
        elif job not in result.expired:
            print(f"{name_of(job)} {job.subject} · {job.model}: {_end_of(job)}")  # noqa: T201
    for job in result.expired:
        print(  # noqa: T201
            f"{name_of(job)} {job.subject} is lost, though it was paid: {job.message}",
            file=sys.stderr,
        )
    for job, error in result.troubled:
        print(f"{name_of(job)} {job.subject}: {explain(error).message}", file=sys.stderr)  # noqa: T201
    for job in result.expiring:
        lost_at = (job.submitted_at or job.reserved_at) + TASK_LIFETIME
        print(  # noqa: T201
            f"{name_of(job)} {job.subject}: its video is lost at {lost_at:%Y-%m-%d %H:%M} UTC, 24 hours "
            "after it was submitted; collect it before that",
            file=sys.stderr,
        )
    if not as_json:
        doubts = (
            f", {len(result.doubts)} in doubt (`greenlight reconcile`)" if result.doubts else ""
        )
        print(f"{len(result.closed)} closed, {len(result.open)} still open{doubts}.")  # noqa: T201


def _end_of(job: Job) -> str:
    """Return how a job ended: with what it made, or what the vendor says and that it cost nothing."""
    made = job.place or job.template_id
    if made:
        return f"{job.state.value}, {made}"
    return f"{job.state.value}, {job.message.rstrip('.') or 'without a reason'}; it cost nothing"
