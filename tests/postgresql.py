"""A PostgreSQL server of the tests' own: on loopback, in a temporary folder, from Debian's package."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
"""Where Debian puts every installed version's programs."""
USER = "greenlight"
PASSWORD = "only-for-tests"
# What a crash of the machine would lose does not matter here, and costs most of the time.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
DURABLE = ("max_connections=200",)
"""For tests that are about just that."""
_numbers = itertools.count()


class PostgresServer:
    """A server that runs, can be restarted, and has databases in it."""

    def __init__(self, folder: Path, account: dict[str, Any], settings: Sequence[str]) -> None:
        self.port = _free_port()
        self._account = account
        self._log = folder / "log"
        self._command = [
            *(PROGRAMS[-1] / "postgres", "-D", folder / "data", f"-p{self.port}"),
            *("-clisten_addresses=127.0.0.1", "-cunix_socket_directories="),
            *(f"-c{setting}" for setting in settings),
        ]

    def start(self) -> None:
        """Start, and return when it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, **self._account)
        _wait_until_it_answers(self, self._process, self._log)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop as a restart does: connections are cut, and what was committed is kept."""
        self._process.send_signal(how)
        self._process.wait(30)

    def url(self, database: str, *, password: str = PASSWORD) -> str:
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def make_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"ledger_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def run(self, statement: str) -> None:
        """Run a statement that stands outside of any ledger."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def wait_until_somebody_waits(self) -> None:
        """Return once a statement waits for another one's lock."""
        ends_at = time.monotonic() + 10
        waiting = b"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            while connection.execute(waiting).fetchone() == (0,):
                assert time.monotonic() < ends_at, "nobody waits"

    def disconnect_everybody(self) -> None:
        """Cut every connection, as a restart does."""
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE usename = '{USER}' AND pid <> pg_backend_pid()"
        )


def is_installed() -> bool:
    return bool(PROGRAMS)


@contextmanager
def run_server(settings: Sequence[str] = FAST) -> Iterator[PostgresServer]:
    """Run a server for the time of a `with` block; root's runs as another user, as PostgreSQL demands."""
    folder = Path(tempfile.mkdtemp(prefix="greenlight-postgres-"))
    account = _another_user(folder) if os.geteuid() == 0 else {}
    try:
        _make_cluster(folder, account)
        server = PostgresServer(folder, account, settings)
        server.start()
        try:
            yield server
        finally:
            # The shortest way down: nobody needs these databases again.
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _another_user(folder: Path) -> dict[str, Any]:
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _make_cluster(folder: Path, account: dict[str, Any]) -> None:
    password = folder / "password"
    password.write_text(PASSWORD)
    subprocess.run(
        [
            *(PROGRAMS[-1] / "initdb", "-D", folder / "data", "-U", USER, "--no-sync"),
            *("--auth=scram-sha-256", f"--pwfile={password}", "-EUTF8", "--locale=C"),
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        **account,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(
    server: PostgresServer, process: subprocess.Popen[bytes], log: Path
) -> None:
    ends_at = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > ends_at:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.02)
        else:
            return
