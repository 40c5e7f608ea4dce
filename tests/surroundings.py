"""Run what Greenlight has around it: a store with queues, a studio and a Prefect server, each a process."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.bucket import NOBODYS_ACCOUNT, SURROUNDINGS
from tests.prefect_database import QUICK_START, copy_database
from tests.programs import Program, wait_until

PYTHON = [sys.executable, "-m"]
READY_SECONDS = 120.0
KEPT = ("LANG", "PYTHONPATH", "SSL_CERT_FILE")
"""What programs here have of the environment of the tests."""
LEASES = "prefect.server.concurrency.lease_storage.filesystem"


class Surroundings:
    """A store, a studio and a Prefect server on loopback, and the environment that leads to them.

    The server keeps its data in SQLite, or in the `database` given; the environment has the `settings` too.
    """

    def __init__(self, home: Path, *, database: str | None = None, **settings: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        s3, studio, prefect = _free_ports(3)
        self.studio_url = f"http://127.0.0.1:{studio}"
        self.api_url = f"http://127.0.0.1:{prefect}/api"
        self.s3_url = f"http://127.0.0.1:{s3}"
        self.environ = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "HOME": str(home),
            "PATH": _path(),
            **SURROUNDINGS,
            **{name: value for name, value in NOBODYS_ACCOUNT.items() if "ATTEMPTS" not in name},
            "AWS_ENDPOINT_URL": self.s3_url,
            "DASHSCOPE_HTTP_BASE_URL": f"{self.studio_url}/api/v1",
            "DASHSCOPE_API_KEY": "sk-local",
            "GREENLIGHT_HOME": str(home / "greenlight"),
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            **settings,
        }
        books = {"PREFECT_API_DATABASE_CONNECTION_URL": database} if database else QUICK_START
        if not database:
            copy_database(home / "prefect" / "prefect.db")
        self.store = self.program("store", ["moto.server", "-p", str(s3)])
        self.studio = self.program(
            "studio",
            ["cli", "studio", f"--port={studio}", f"--home={home / 'studio'}", "--job-seconds=1"],
        )
        self.server = self.program(
            "server",
            ["prefect", "server", "start", f"--port={prefect}", "--host=127.0.0.1", "--no-ui"],
            **books,
            PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE=LEASES,
            PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS="5",
        )

    def show_ui(self) -> None:
        """Let the server have its UI, of files of its own: it rewrites them when it starts."""
        port = urlsplit(self.api_url).port
        self.server = self.program(
            "server",
            ["prefect", "server", "start", f"--port={port}", "--host=127.0.0.1"],
            **QUICK_START,
            PREFECT_SERVER_UI_STATIC_DIRECTORY=str(self.home / "ui"),
            PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT="false",
        )

    def program(self, name: str, module: list[str], **settings: str) -> Program:
        """Return a program of this environment, which does not run yet."""
        return Program(name, [*PYTHON, *module], self.environ | settings, self.home)

    def client(self, service: str) -> Any:
        """Return a client of the store that cares for no environment."""
        import boto3

        return boto3.session.Session().client(
            service,
            endpoint_url=self.s3_url,
            region_name="us-east-1",
            aws_access_key_id="moto",
            aws_secret_access_key="moto",
        )

    def wait_for_store(self) -> None:
        """Return when the store answers."""
        _wait_for(self.store, f"{self.s3_url}/moto-api/")

    def wait_for_studio(self) -> None:
        """Return when the studio answers."""
        _wait_for(self.studio, f"{self.studio_url}/")

    def wait_until_ready(self) -> None:
        """Return when all three answer."""
        self.wait_for_store()
        self.wait_for_studio()
        self.wait_for_server()

    def wait_for_server(self) -> None:
        """Return when the Prefect server answers."""
        _wait_for(self.server, f"{self.api_url}/health")


def _path() -> str:
    # A worker starts `python`, which must be this one.
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody has at the moment, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for one in probes:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in probes]
    finally:
        for one in probes:
            one.close()


def _wait_for(program: Program, url: str) -> None:
    def answers() -> bool:
        assert program.is_running, program.tail()
        try:
            return httpx.get(url, timeout=2).status_code < 500
        except httpx.HTTPError:
            return False

    wait_until(answers, seconds=READY_SECONDS, what=program.name)
