"""`greenlight serve`: run all deployments from this process, and listen for uploads beside it."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.listen import listen_until, make_starter
from cli.logs import work_shown

if TYPE_CHECKING:
    from deployments.serving import Companion


def serve(
    queue: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Also listen to this SQS queue, like `greenlight listen`."
        ),
    ] = None,
    via: Annotated[
        str,
        typer.Option(
            metavar="run|event",
            help="run: create the runs of uploads; event: leave it to a Prefect automation.",
        ),
    ] = "run",
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of runs at once.")] = 5,
    grace: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="How long to wait for running runs when stopping."
        ),
    ] = 60,
    prefect_file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Your own deployments instead of Greenlight's."
        ),
    ] = None,
) -> None:
    """Serve all deployments (uploads, sweeps, films, collections) from this process, until stopped.

    Set GREENLIGHT_UPLOADS and GREENLIGHT_OUT; needs a Prefect server.
    """
    from deployments.choices import read_choices
    from deployments.definitions import PREFECT_FILE, read_definitions
    from deployments.server import require_api_url
    from deployments.serving import serve as run_until_stopped

    require_api_url()
    definitions = read_definitions(read_choices(), prefect_file or PREFECT_FILE)
    due = asyncio.Event()
    companion = _listener(queue, via, due)
    with work_shown():
        asyncio.run(
            run_until_stopped(
                definitions, limit=limit, grace_seconds=grace, companion=companion, due=due
            )
        )


def _listener(queue: str | None, via: str, due: asyncio.Event) -> Companion | None:
    if queue is None:
        return None
    starter = make_starter(queue, via, "on-upload/on-upload", then=due.set)
    return partial(listen_until, queue, starter)
