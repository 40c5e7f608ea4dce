"""A Prefect server, workers and other long-lived programs of the tests' own, each a real process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings

from greenlight.studio.server import StudioServer
from tests.postgresql import PostgresServer
from tests.prefect_database import QUICK_START, copy_database
from tests.surroundings import KEPT, LEASES

ROOT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect"]
GREENLIGHT = [sys.executable, "-m", "cli"]
DEPLOY = [*PREFECT, "--no-prompt", "deploy", "--all", "--prefect-file", "deployments/prefect.yaml"]
DATABASE = "PREFECT_API_DATABASE_CONNECTION_URL"

Found = TypeVar("Found")


def wait_for(
    look: Callable[[], Found | None], *, seconds: float = 200, what: str = "something"
) -> Found:
    """Return what a function finds, as soon as it finds something."""
    ends_at = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < ends_at, f"{what} was awaited for {seconds:.0f} s"
        time.sleep(0.05)
    return found


@contextmanager
def program(
    command: list[str], environ: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for the time of a `with` block, from the root, in a process group of its own."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(environ), stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def surroundings(home: Path, **more: str) -> dict[str, str]:
    """Return an environment with nothing of the developer's, in which `python` is this one."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PREFECT_HOME": str(home / "prefect"),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        **kept,
        **more,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PrefectServer:
    """A server that can be stopped and started again; its books and its address stay."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.port = free_port()
        if DATABASE not in settings:
            copy_database(home / "prefect" / "prefect.db")
            settings = {**QUICK_START, **settings}
        self._environ = surroundings(
            home,
            PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE=LEASES,
            PREFECT_SERVER_UI_ENABLED="false",
            **settings,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @contextmanager
    def running(self) -> Iterator[None]:
        command = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        with program(command, self._environ, self.home / "server.log") as process:
            wait_for(lambda: self._answers(process), seconds=60, what="the Prefect server")
            yield
            # Told to stop, it would wait for whoever still listens to its events.
            process.kill()

    def _answers(self, process: subprocess.Popen[bytes]) -> bool | None:
        assert process.poll() is None, (self.home / "server.log").read_text()
        try:
            return httpx.get(f"{self.url}/health").is_success or None
        except httpx.TransportError:
            return None

    @contextmanager
    def client(self) -> Iterator[SyncPrefectClient]:
        with (
            temporary_settings({PREFECT_API_URL: self.url}),
            get_client(sync_client=True) as client,
        ):
            yield client

    def environ(self, home: Path, **more: str) -> dict[str, str]:
        """Return an environment for what works with this server."""
        return surroundings(home, PREFECT_API_URL=self.url, **more)

    @contextmanager
    def worker(self, home: Path, pool: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a process worker, which makes its pool where there is none."""
        environ = self.environ(home, PREFECT_WORKER_QUERY_SECONDS="1", **more)
        command = [*PREFECT, "worker", "start", "--pool", pool, "--type", "process"]
        with program(command, environ, home / "worker.log") as process:
            yield process


def run(command: list[str], environ: Mapping[str, str], *, cwd: Path = ROOT, code: int = 0) -> str:
    """Run a command to its end and return what it said; it must end with the code."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    return said


def on_postgres(postgres: PostgresServer) -> dict[str, str]:
    """Return the settings of a Prefect server with a database of its own."""
    url = postgres.make_database().replace("postgresql://", "postgresql+asyncpg://")
    return {DATABASE: url}


def of_studio(studio: StudioServer, home: Path) -> dict[str, str]:
    """Return the settings of what films with the local studio, with books and videos in a folder."""
    return {
        "DASHSCOPE_HTTP_BASE_URL": studio.base_url,
        "DASHSCOPE_API_KEY": "sk-local",
        "GREENLIGHT_HOME": str(home / "home"),
        "GREENLIGHT_UPLOADS": str(home / "uploads"),
        "GREENLIGHT_OUT": str(home / "videos"),
        "GREENLIGHT_MODELS": "emo",
    }


def start(client: SyncPrefectClient, deployment: str, **parameters: object) -> FlowRun:
    """Create a run of a deployment, as anybody does by the API."""
    found = client.read_deployment_by_name(deployment)
    return client.create_flow_run_from_deployment(found.id, parameters=parameters)


def wait_until_called(client: SyncPrefectClient, run: FlowRun, *names: str) -> None:
    """Return when a run's state has one of the names; fail when it ended under another."""

    def look() -> bool | None:
        state = client.read_flow_run(run.id).state
        assert state is not None
        if state.name in names:
            return True
        assert not state.is_final(), f"it ended as {state.name}: {state.message}"
        return None

    wait_for(look, what=" or ".join(names))
