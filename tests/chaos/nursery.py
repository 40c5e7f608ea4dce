"""Bear processes quickly: one has everything loaded, and a fork of it is a victim.

`python -m tests.chaos.nursery` prints a port. Who connects sends a SPEC as one line, and is told the number
of the process, and its exit code when it has ended.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.chaos.victim import film_and_tell

ROOT = Path(__file__).parents[2]


class Child:
    """A process that was begun."""

    def __init__(self, spec: dict[str, Any], port: int) -> None:
        self._said = Path(spec["said"])
        self._code: int | None = None
        self._line = socket.create_connection(("127.0.0.1", port))
        self._told = self._line.makefile("rw")
        self._told.write(f"{json.dumps(spec)}\n")
        self._told.flush()
        self._number = int(self._told.readline())

    @property
    def said(self) -> str:
        """Return what it has printed."""
        return self._said.read_text() if self._said.exists() else ""

    @property
    def is_stopped(self) -> bool:
        """Whether it stands still until it is told to go on."""
        try:
            state = Path(f"/proc/{self._number}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        return state == "T"

    def signal(self, number: int) -> None:
        """Send it a signal, unless it was waited for."""
        if self._code is None:
            os.kill(self._number, number)

    def wait(self, seconds: float = 120) -> int:
        """Return its exit code, which is that of a signal below nothing."""
        if self._code is None:
            self._line.settimeout(seconds)
            with self._line, self._told:
                self._code = int(self._told.readline())
        return self._code


class Nursery:
    """Bear processes for the length of a `with` block."""

    def __enter__(self) -> Nursery:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        with self._process:
            pass

    def begin(self, spec: dict[str, Any]) -> Child:
        """Begin a process with a SPEC; what it says is written to the path `said`."""
        return Child(spec, self._port)


class _Birth(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        spec = json.loads(self.rfile.readline())
        number = os.fork()
        if number == 0:
            _live(spec)
        self.wfile.write(f"{number}\n".encode())
        _, status = os.waitpid(number, 0)
        self.wfile.write(f"{os.waitstatus_to_exitcode(status)}\n".encode())


class _Server(socketserver.ForkingMixIn, socketserver.TCPServer):
    allow_reuse_address = True


def _live(spec: dict[str, Any]) -> None:
    """Be a victim to the end of this process, which writes to a file what it says."""
    code = 70
    try:
        said = os.open(spec["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(said, 1)
        os.dup2(said, 2)
        code = film_and_tell(spec)
    except BaseException:  # noqa: BLE001 - whatever it is, it is told, and nothing of this process goes on
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Serve until this process is told to end."""
    with _Server(("127.0.0.1", 0), _Birth) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever(poll_interval=0.02)


if __name__ == "__main__":
    main()
