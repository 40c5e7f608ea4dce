"""Runs that one process begins by forks: each has a process of its own, and none an interpreter to start."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling

from tests.deployments.servers import PrefectServer, program, start, wait_for, wait_until_called
from tests.deployments.toys import WAYS

SERVE = [sys.executable, "-m", "tests.deployments.toys"]


def test_a_run_that_crashes_spins_or_is_cancelled_ends_no_other(tmp_path: Path) -> None:
    server = PrefectServer(tmp_path)
    log = tmp_path / "serve.log"
    with (
        server.running(),
        server.client() as client,
        program(SERVE, server.environ(tmp_path), log) as serve,
    ):
        wait_for(
            lambda: len(client.read_deployments()) == len(WAYS) or None, what="the deployments"
        )
        killed, cancelled = (spin(client, tmp_path / name) for name in ("killed", "cancelled"))
        first = end(client, tmp_path / "first")
        wait_until_called(client, start(client, "crashes/crashes"), "Crashed")
        os.kill(int((tmp_path / "killed").read_text()), signal.SIGKILL)
        wait_until_called(client, killed, "Crashed")
        client.set_flow_run_state(cancelled.id, Cancelling(), force=True)
        wait_until_called(client, cancelled, "Cancelled")
        second = end(client, tmp_path / "second")
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(120) == 0
    assert first[0] != second[0]
    assert first[1:] == second[1:] == [first[1], "True"]
    assert "RuntimeWarning" not in log.read_text()


def spin(client: SyncPrefectClient, note: Path) -> FlowRun:
    """Start a run that never ends, and return it once it runs."""
    run = start(client, "spins/spins", note=str(note))
    wait_for(lambda: note.exists() or None, what="a run that spins")
    return run


def end(client: SyncPrefectClient, note: Path) -> list[str]:
    """Let a run end, and return what it wrote: its process, that one's parent, what was imported."""
    wait_until_called(client, start(client, "ends/ends", note=str(note)), "Completed")
    return note.read_text().split()
