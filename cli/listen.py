"""`greenlight listen`: start a run for every batch of uploads that a queue announces."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from cli.logs import work_shown
from cli.options import Json, expect_address
from cli.speaking import NobodyReads, OutputFull, say, tell

if TYPE_CHECKING:
    from deployments.listener import Handover, Starter


def listen(
    queue: Annotated[
        str,
        typer.Option(
            metavar="URL", help="URL of the SQS queue that gets the bucket's notifications."
        ),
    ],
    via: Annotated[
        str,
        typer.Option(
            metavar="run|event",
            help="run: create the runs; event: leave it to a Prefect automation.",
        ),
    ] = "run",
    deployment: Annotated[
        str, typer.Option(metavar="FLOW/NAME", help="Deployment to create runs of.")
    ] = "on-upload/on-upload",
    as_json: Json = False,
) -> None:
    """Start a run for every batch of uploads, until stopped."""
    starter = make_starter(queue, via, deployment, as_json=as_json)
    with work_shown():
        asyncio.run(_listen(queue, starter))


def make_starter(
    queue: str,
    via: str,
    deployment: str,
    *,
    as_json: bool = False,
    then: Callable[[], None] | None = None,
) -> Starter:
    """Return what takes the batches of a queue over, prints a line for each, and does something `then`.

    Wrong usage is refused.
    """
    expect_address(queue)
    from deployments.listener import Starter, Via

    if via not in set(Via):
        raise typer.BadParameter(f"{via} is neither run nor event", param_hint="'--via'")

    def told(done: Handover) -> None:
        if then:
            then()
        # The uploads are handed over whether or not anybody still reads of it.
        with suppress(NobodyReads, OutputFull):
            tell(done.as_json()) if as_json else say(_for_people(done))

    return Starter(deployment=deployment, via=Via(via), tell=told)


async def _listen(url: str, starter: Starter) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        logging.getLogger("greenlight").info("stopping: what was received is handed over first")
        stop.set()
        # Who asks twice does not want to wait.
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(one)

    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, end)
    await listen_until(url, starter, stop)


async def listen_until(url: str, starter: Starter, stop: asyncio.Event) -> None:
    """Listen to a queue until the event is set."""
    from greenlight.uploads.listening import Listener
    from greenlight.uploads.queue import UploadQueue

    queue = UploadQueue(url)
    logging.getLogger("greenlight").info("listening to %s", queue.name)
    await Listener(queue, starter, ready=starter.ask).run(stop)


def _for_people(done: Handover) -> str:
    objects = "1 object" if done.objects == 1 else f"{done.objects} objects"
    where = f"run {done.flow_run}" if done.flow_run else f"event {done.event_id}"
    return f"{objects}: {where}"
