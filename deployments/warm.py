"""Begin each run in a process that is forked from one with everything imported.

A run has a process of its own, which a crash or an endless loop ends or holds up alone. What it does not have
is an interpreter of its own to start, which takes more time than most runs. The process that is forked from
runs nothing itself, so there is nothing in it that could grow.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import sys
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from typing import cast

import anyio
from anyio.abc import TaskStatus
from prefect.client.schemas.objects import FlowRun
from prefect.runner._control_channel import ControlChannel
from prefect.runner._process_manager import ProcessHandle

ENGINE = "prefect.engine"
_FORKS = multiprocessing.get_context("forkserver")


def preload() -> None:
    """Start the process that runs are forked from: it imports what they need before the first is due."""
    _FORKS.set_forkserver_preload(["deployments.preloaded"])
    forkserver.ensure_running()


class ForkingStarter:
    """Starts a run as Prefect's own starter does, by its engine, without starting an interpreter."""

    def __init__(
        self, channel: ControlChannel, *, deployment: str | None, heartbeat_seconds: int
    ) -> None:
        self._channel = channel
        self._deployment = deployment
        self._heartbeat_seconds = heartbeat_seconds

    async def start(
        self,
        flow_run: FlowRun,
        task_status: TaskStatus[ProcessHandle] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Start a run's process, hand it to the runner, and return when it has ended."""
        port, token = self._channel.register(flow_run.id)
        environ = {
            "PREFECT__FLOW_RUN_ID": str(flow_run.id),
            "PREFECT__DEPLOYMENT_NAME": self._deployment or "",
            "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
            "PREFECT__CONTROL_PORT": str(port),
            "PREFECT__CONTROL_TOKEN": token,
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(self._heartbeat_seconds),
        }
        process = _FORKS.Process(target=run_engine, args=(str(flow_run.id), environ))
        try:
            # It waits while everything is still being imported.
            await anyio.to_thread.run_sync(process.start)
            task_status.started(ProcessHandle(_as_spawned(process)))
        except BaseException:
            self._channel.unregister(flow_run.id)
            raise
        await anyio.wait_readable(process.sentinel)
        process.join()


def run_engine(flow_run_id: str, environ: dict[str, str]) -> None:
    """Run what `python -m prefect.engine` runs, in a process that was forked for it."""
    from prefect.context import refresh_global_settings_context

    # The process that was forked from ignores it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.update(environ)
    refresh_global_settings_context()
    sys.argv = [ENGINE, flow_run_id]
    # As a program it is not what others have imported from it.
    del sys.modules[ENGINE]
    runpy.run_module(ENGINE, run_name="__main__", alter_sys=True)


def _as_spawned(process: ForkServerProcess) -> multiprocessing.context.SpawnProcess:
    """Return a process under the type that Prefect knows; both offer the same."""
    return cast(multiprocessing.context.SpawnProcess, process)
