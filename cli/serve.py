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
        typer.Option(metavar="URL", help="Listen to this SQS queue too, as `greenlight listen`."),
    ] = None,
    via: Annotated[
        str,
        typer.Option(
            metavar="run|event",
            help="run: create the runs of uploads; event: leave them to an automation of Prefect's.",
        ),
    ] = "run",
    limit: Annotated[int, typer.Option(min=1, help="How many runs go on at once.")] = 5,
    grace: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long a stop waits for runs.")
    ] = 60,
    prefect_file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Deployments of your own, instead of Greenlight's."
        ),
    ] = None,
) -> None:
    """Run uploads, sweeps, films and collections from this process, until it is told to stop.

    GREENLIGHT_UPLOADS and GREENLIGHT_OUT say where; a Prefect server must run.
    """
    from deployments.choices import read_choices
    from deployments.definitions import PREFECT_FILE, read_definitions
    from deployments.server import require_api_url
    from deployments.serving import serve as run_until_stopped

    require_api_url()
    definitions = read_definitions(read_choices(), prefect_file or PREFECT_FILE)
    with work_shown():
        asyncio.run(
            run_until_stopped(
                definitions, limit=limit, grace_seconds=grace, companion=_listener(queue, via)
            )
        )


def _listener(queue: str | None, via: str) -> Companion | None:
    if queue is None:
        return None
    return partial(listen_until, queue, make_starter(queue, via, "on-upload/on-upload"))
