"""Give every document what it takes for granted: a checkout, a studio, AWS, Prefect, a chat, a post office.

The studio and Prefect's server are the documents' own commands, started once for all documents that have
them; what a document leaves behind is taken away before the next.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

import httpx
from prefect import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.deployments.servers import free_port
from tests.docs.documents import DOCUMENTS, ROOT, Block, blocks_of
from tests.docs.moto import POLICY, as_moto_reads, log_in, moto
from tests.docs.receivers import Receivers
from tests.docs.shapes import has_shape
from tests.docs.terminals import Terminal
from tests.postgresql import is_installed, run_server
from tests.prefect_database import QUICK_START, copy_database

NEEDED = ("greenlight", "blocks", "tasks", "flows", "deployments", "cli", "samples", "tests")
READER = "/home/anna/greenlight"
"""Where the checkout of a document's reader lies."""
BOOKS = "postgresql://greenlight:secret@db.example.com/greenlight"
STUDIO, PREFECT = "greenlight studio --job-seconds 1", "prefect server start"
"""The programs of which one serves all documents."""
STAND_INS = Path(__file__).with_name("stand_ins")
SECONDS = 180


class Surroundings:
    """What all documents of a process share."""

    def __init__(self, folder: Path, exits: ExitStack) -> None:
        self._folder = folder
        self._exits = exits
        self._checkout = check_out(folder)
        self._started: dict[str, Terminal] = {}
        self._studio, self._prefect, self._other = (f"127.0.0.1:{free_port()}" for _ in range(3))
        self._aws = exits.enter_context(moto())
        self._login = log_in(self._aws)
        self.receivers = exits.enter_context(Receivers.running())

    def here(self, text: str, folder: Path) -> str:
        """Return a document's text with the addresses and folders of this machine."""
        for theirs, ours in (
            (STUDIO, f"{STUDIO} --port {_port(self._studio)}"),
            (PREFECT, f"{PREFECT} --port {_port(self._prefect)}"),
            ("127.0.0.1:8479", self._studio),
            ("127.0.0.1:4200", self._prefect),
            ("127.0.0.1:8480", self._other),
            ("--port 8480", f"--port {_port(self._other)}"),
            ("https://sqs.eu-central-1.amazonaws.com", self._aws),
            ("https://hooks.slack.com/services/T0/B0/secret", self.receivers.chat_url),
            ("mailtos://anna:secret@smtp.example.com/", self.receivers.mail_url),
            (READER, str(folder)),
        ):
            text = text.replace(theirs, ours)
        text = POLICY.sub(lambda policy: as_moto_reads(policy[0]), text)
        return text.replace(BOOKS, self._books) if BOOKS in text else text

    @cached_property
    def _books(self) -> str:
        """Return a ledger that machines could share; where PostgreSQL is not installed, a file."""
        if not is_installed():
            return f"sqlite:///{self._folder}/shared-ledger.db"
        return self._exits.enter_context(run_server()).make_database()

    def environ(self, home: Path, folder: Path) -> dict[str, str]:
        """Return the environment of a new terminal: nothing of the developer's, and nothing of ours set.

        Its reader is logged in at AWS as an administrator, and has used Prefect before.
        """
        database = home / ".prefect" / "prefect.db"
        if not database.exists():
            copy_database(database)
        return {
            "HOME": str(home),
            "PATH": os.pathsep.join([str(STAND_INS), os.environ["PATH"]]),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(folder),
            "DO_NOT_TRACK": "1",
            "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"],
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            **QUICK_START,
            "AWS_ENDPOINT_URL": self._aws,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            **self._login,
        }

    def start_shared(self, block: Block) -> bool:
        """Start what one of serves all documents, if a block is that; return whether it is."""
        command = block.text.splitlines()[-1]
        if command not in {STUDIO, PREFECT}:
            return False
        if command not in self._started:
            notes = self._folder / f"shared-{len(self._started)}"
            environ = self.environ(notes / "home", self._checkout)
            terminal = self._exits.enter_context(Terminal(self._checkout, environ, notes))
            lines = [". .venv/bin/activate", *settings_of(command), command]
            terminal.begin(self.here("\n".join(lines), self._checkout))
            self._started[command] = terminal
        shown = self.here(block.shown or "...", self._checkout)
        await_shape(self._started[command], shown, block)
        if command == PREFECT:
            # It says what it will be before it is.
            wait_until(lambda: _answers(f"{self._prefect_url}/health"), lambda: "no Prefect server")
        return True

    @property
    def _prefect_url(self) -> str:
        return f"http://{self._prefect}/api"

    def clear(self) -> None:
        """Take away what a document has left behind."""
        self._login = log_in(self._aws)
        if STUDIO in self._started:
            httpx.post(f"http://{self._studio}/_studio/reset").raise_for_status()
        if PREFECT in self._started:
            _clear_prefect(self._prefect_url)


@contextmanager
def surroundings(folder: Path) -> Iterator[Surroundings]:
    """Have the surroundings for the time of a `with` block."""
    with ExitStack() as exits:
        yield Surroundings(folder, exits)


def settings_of(command: str) -> list[str]:
    """Return what the documents export before a program of which one serves them all."""
    blocks = [block for document in DOCUMENTS for block in blocks_of(document) if block.goes_on]
    lines = [block.text.splitlines() for block in blocks]
    said = [line for one in lines if one[-1] == command for line in one[:-1]]
    return sorted({line for line in said if line.startswith("export ")})


def check_out(folder: Path) -> Path:
    """Copy the checkout into a folder, with the environment that runs the tests as its `.venv`."""
    there = folder / "greenlight"
    for name in NEEDED:
        shutil.copytree(ROOT / name, there / name)
    shutil.copy(ROOT / "pyproject.toml", there)
    (there / ".venv").symlink_to(sys.prefix)
    return there


def await_shape(terminal: Terminal, shown: str, block: Block) -> None:
    """Return once a program that goes on has printed what its document shows."""
    wait_until(
        lambda: has_shape(terminal.everything, shown),
        lambda: f"{block} printed {terminal.everything!r}, not {shown!r}",
    )


def wait_until(is_so: Callable[[], bool], complaint: Callable[[], str]) -> None:
    ends_at = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < ends_at, complaint()
        time.sleep(0.05)


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def _clear_prefect(url: str) -> None:
    with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            client.delete_deployment(deployment.id)
        for pool in client.read_work_pools():
            client.delete_work_pool(pool.name)
        for automation in client.read_automations():
            client.delete_automation(automation.id)
