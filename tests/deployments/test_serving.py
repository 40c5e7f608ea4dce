"""`greenlight serve`, a real process with a real server on SQLite."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from deployments.serving import Served
from greenlight.studio.server import StudioServer
from tests.deployments.servers import (
    GREENLIGHT,
    PrefectServer,
    of_studio,
    program,
    run,
    start,
    surroundings,
    wait_for,
    wait_until_called,
)

READY = "serving on-upload, sweep, film, collect"


@dataclass(frozen=True)
class Serving:
    """A process that serves, and what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_until_ready(self, *, times: int = 1) -> None:
        wait_for(lambda: self._said(READY, times), what="the deployments")

    def wait_until_it_says(self, words: str, *, times: int = 1) -> None:
        wait_for(lambda: self._said(words, times), what=words)

    def _said(self, words: str, times: int) -> bool | None:
        assert self.process.poll() is None, self.log.read_text()
        return self.log.read_text().count(words) >= times or None


@contextmanager
def serving(environ: dict[str, str], folder: Path) -> Iterator[Serving]:
    log = folder / "serve.log"
    with program([*GREENLIGHT, "serve"], environ, log) as process:
        yield Serving(process, log)


def test_one_process_runs_everything_and_ends_what_it_began(
    studio: StudioServer, tmp_path: Path, astronaut: Path, sound: Path
) -> None:
    server = PrefectServer(tmp_path)
    environ = server.environ(tmp_path, **of_studio(studio, tmp_path))
    brief = {"portrait": str(astronaut), "models": ["emo"], "sound": str(sound)}
    with server.running(), serving(environ, tmp_path) as serve, server.client() as client:
        serve.wait_until_ready()
        run = start(client, "portrait-to-video/film", brief=brief)
        wait_for(lambda: client.read_flow_run(run.id).start_time, what="the run's beginning")
        serve.process.send_signal(signal.SIGTERM)
        assert serve.process.wait(120) == 0
        wait_until_called(client, run, "Filming", "Filmed")
        assert not client.read_deployment_by_name("collect-videos/collect").paused


class NotReady(BaseHTTPRequestHandler):
    """A server that says that it is well, and takes nothing yet."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 503)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def not_ready(port: int) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", port), NotReady) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def test_it_outlives_its_server(studio: StudioServer, tmp_path: Path, astronaut: Path) -> None:
    server = PrefectServer(tmp_path)
    # Without this Prefect's runner tries for minutes until it gives up on a server.
    hasty = {"PREFECT_CLIENT_MAX_RETRIES": "0"}
    environ = server.environ(tmp_path, **of_studio(studio, tmp_path), **hasty)
    with ExitStack() as servers:
        servers.enter_context(not_ready(server.port))
        with serving(environ, tmp_path) as serve:
            serve.wait_until_it_says("answered 503")
            servers.close()
            servers.enter_context(server.running())
            serve.wait_until_ready()
            servers.close()
            serve.wait_until_it_says("Prefect's runner ended")
            with not_ready(server.port):
                serve.wait_until_it_says("answered 503", times=2)
            servers.enter_context(server.running())
            serve.wait_until_ready(times=2)
            with server.client() as client:
                brief = {"portrait": str(astronaut), "models": ["emo"]}
                run = start(client, "portrait-to-video/film", brief=brief)
                wait_until_called(client, run, "Waiting for sound")


async def test_a_run_that_is_known_to_be_due_waits_for_no_poll() -> None:
    runner = Served(asyncio.Event(), limit=1, grace_seconds=0)
    due, polls = asyncio.Event(), asyncio.Queue[int]()

    class Poller:
        asked = 0

        async def _get_and_submit_flow_runs(self) -> None:
            self.asked += 1
            polls.put_nowait(self.asked)
            if self.asked == 1:
                raise httpx.ConnectError("the server is away")

    runner._scheduled_run_poller, runner.started = Poller(), True  # type: ignore[assignment]
    polling = asyncio.create_task(runner.poll_when(due))
    for number in (1, 2):
        due.set()
        assert await asyncio.wait_for(polls.get(), 30) == number
    polling.cancel()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "PREFECT_API_URL is not set"),
        ({"PREFECT_API_URL": "http://admin:secret@127.0.0.1:9/api"}, "names does not answer"),
    ],
)
def test_without_a_server_it_says_how_to_start_one(
    tmp_path: Path, more: dict[str, str], words: str
) -> None:
    places = {"GREENLIGHT_UPLOADS": "uploads", "GREENLIGHT_OUT": "videos"}
    said = run([*GREENLIGHT, "serve"], surroundings(tmp_path, **places, **more), code=1)
    assert words in said
    assert "`prefect server start`" in said
    assert "secret" not in said


def test_what_is_not_set_is_said(tmp_path: Path) -> None:
    environ = surroundings(tmp_path, PREFECT_API_URL="http://127.0.0.1:9/api")
    said = run([*GREENLIGHT, "serve"], environ, code=1)
    assert said == (
        "greenlight: GREENLIGHT_UPLOADS is not set; use a place like s3://my-portraits/uploads/, "
        "or a folder.\n"
    )
