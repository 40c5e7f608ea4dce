"""Run the deployments from one process: poll for their runs, and do other things beside it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

import httpx
from prefect import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments.runner import DeploymentApplyError
from prefect.runner import Runner

from deployments.definitions import HEARTBEAT_SECONDS, make_deployment
from deployments.server import ServerNotReady, answers_in_words
from deployments.warm import ForkingStarter, preload
from greenlight.errors import SettingsError
from greenlight.modelstudio.reasons import reason_of

logger = logging.getLogger("greenlight.serving")

POLL_SECONDS = 1
GRACE_SECONDS = 60.0
"""How long a stop waits for runs: a film run takes seconds, a sweep may take long."""
PAUSE_SECONDS = 2.0

Companion = Callable[[asyncio.Event], Awaitable[None]]
"""What the process does beside, until the event is set."""


class Served(Runner):
    """Runs the deployments' runs until it is told to stop, and lets begun ones end first.

    Prefect's own runner cancels them, and a cancelled run is never taken up again. What does not end in time
    here is a crash, which an automation reschedules.
    """

    def __init__(self, stop: asyncio.Event, *, limit: int | None, grace_seconds: float) -> None:
        super().__init__(
            name="greenlight",
            query_seconds=POLL_SECONDS,
            heartbeat_seconds=HEARTBEAT_SECONDS,
            limit=limit,
            pause_on_shutdown=False,
        )
        self._stop = stop
        self._grace_seconds = grace_seconds

    async def __aenter__(self) -> Self:
        """Have runs begun by forks, where Prefect's own poller starts an interpreter for each."""
        await super().__aenter__()
        preload()
        self._scheduled_run_poller._resolve_starter = self._starter_of  # noqa: SLF001 - there is no other way in
        return self

    def _starter_of(self, flow_run: FlowRun) -> ForkingStarter:
        # Nothing else is polled for than runs of what was deployed here.
        assert flow_run.deployment_id is not None  # noqa: S101
        return ForkingStarter(
            self._control_channel,
            deployment=self._deployment_registry.get_deployment_name(flow_run.deployment_id),
            heartbeat_seconds=HEARTBEAT_SECONDS,
        )

    async def poll_when(self, due: asyncio.Event) -> None:
        """Begin what is due each time the event says so, and not only at the next poll."""
        while True:
            await due.wait()
            due.clear()
            if not self.started:
                continue
            # A server that cannot be reached is the poll's own concern.
            with contextlib.suppress(httpx.HTTPError):
                await self._scheduled_run_poller._get_and_submit_flow_runs()  # noqa: SLF001

    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        """Stop in order, where Prefect's own handler leaves at once."""
        assert self._loop is not None  # noqa: S101 - the signal is caught while it runs
        self._loop.call_soon_threadsafe(self._begin_to_stop)

    def _begin_to_stop(self) -> None:
        logger.info("stopping: what was begun ends first")
        self._stop.set()
        # Who asks twice does not want to wait.
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    async def cancel_all(self) -> None:
        """Wait for the begun runs, for the time of grace, and end the others; new ones are not begun."""
        begun = self._process_manager.flow_run_ids()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._grace_seconds):
                await asyncio.gather(*map(self._ended, begun))
        for run in begun & self._process_manager.flow_run_ids():
            await self._process_manager.kill(run)

    async def _ended(self, run: uuid.UUID) -> None:
        while not await self._process_manager.wait_for_exit(run, grace_seconds=1):
            pass


async def serve(
    definitions: Sequence[Mapping[str, Any]],
    *,
    limit: int | None = None,
    grace_seconds: float = GRACE_SECONDS,
    companion: Companion | None = None,
    due: asyncio.Event | None = None,
) -> None:
    """Deploy, and run what is due, at most `limit` runs at a time, until SIGTERM or Ctrl-C.

    The server may go and come back. A companion that ends ends everything. Whoever sets `due` knows of a run
    that need not wait for the next poll.
    """
    due = due or asyncio.Event()
    with contextlib.suppress(ServerNotReady), answers_in_words():
        async with get_client() as client:
            await client.read_work_pools(limit=1)
    stop, deployed = asyncio.Event(), asyncio.Event()
    beside = asyncio.create_task(_accompany(companion, deployed, stop))
    try:
        while not stop.is_set():
            served = Served(stop, limit=limit, grace_seconds=grace_seconds)
            await _serve_once(served, stop, due, definitions, deployed)
            await _wait_for_the_server(stop)
        await beside
    finally:
        beside.cancel()


async def _accompany(
    companion: Companion | None, deployed: asyncio.Event, stop: asyncio.Event
) -> None:
    """Run the companion as soon as what it may start is deployed."""
    if companion is None:
        return
    try:
        await deployed.wait()
        await companion(stop)
    finally:
        stop.set()


async def _serve_once(
    runner: Served,
    stop: asyncio.Event,
    due: asyncio.Event,
    definitions: Sequence[Mapping[str, Any]],
    deployed: asyncio.Event,
) -> None:
    """Return when it was told to stop, or when the server is not to be had.

    A server that refuses the deployments at the start is an error of whoever set it up; later it is one that
    is still coming back.
    """
    try:
        await _deploy(runner, definitions)
    except SettingsError as error:
        if not deployed.is_set() and not isinstance(error, ServerNotReady):
            raise
        logger.warning("%s; it is asked again in %g s", error, PAUSE_SECONDS)
        return
    logger.info("serving %s", ", ".join(one["name"] for one in definitions))
    deployed.set()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, runner.handle_sigterm)
    running = asyncio.create_task(runner.start())
    stopping = asyncio.create_task(stop.wait())
    polling = asyncio.create_task(runner.poll_when(due))
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    polling.cancel()
    if stop.is_set():
        await _end(runner, running)
        return
    # Prefect's runner ends itself once it has not reached the server for some minutes.
    logger.warning(
        "Prefect's runner ended (%s); it begins again when the server answers",
        _why(running.exception()),
    )


async def _deploy(runner: Served, definitions: Sequence[Mapping[str, Any]]) -> None:
    with answers_in_words():
        for definition in definitions:
            try:
                await runner.aadd_deployment(await make_deployment(definition))
            except DeploymentApplyError as error:
                # It hides what the server answered.
                raise error.__cause__ or error from None


async def _wait_for_the_server(stop: asyncio.Event) -> None:
    await _pause(stop)
    while not stop.is_set() and not await _server_answers():
        await _pause(stop)


def _why(error: BaseException | None) -> str:
    """Return what ended the runner, without the server's address, which may hold a password."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, httpx.HTTPStatusError):
        return f"the server answered {error.response.status_code}"
    return reason_of(error) if isinstance(error, Exception) else "without a word"


async def _pause(stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)


async def _end(runner: Served, running: asyncio.Task[None]) -> None:
    if runner.started:
        await runner.astop()
    else:
        running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _server_answers() -> bool:
    async with get_client() as client:
        return await client.api_healthcheck() is None
