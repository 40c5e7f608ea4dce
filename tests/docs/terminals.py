"""Type the blocks of a document into real shells, as its reader does."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SECONDS = 180
"""How long a block may take on a busy machine."""


@dataclass(frozen=True)
class Typed:
    """What came of a block."""

    code: int
    """That of the last command."""
    failed: str
    """The commands that ended with another code than 0, with their codes."""
    printed: str
    complained: str


class Terminal:
    """A shell in a folder; what a block sets stays for the next one."""

    def __init__(self, folder: Path, environ: Mapping[str, str], notes: Path) -> None:
        self._notes = notes
        notes.mkdir(parents=True, exist_ok=True)
        Path(environ["HOME"]).mkdir(parents=True, exist_ok=True)
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._say(f"trap 'echo \"$? $BASH_COMMAND\" >> {notes}/failed' ERR")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close it, and end what goes on in it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.communicate()

    def type(self, text: str, language: str = "sh") -> Typed:
        """Run a block to its end."""
        self.begin(text, language)
        code = self._listen()
        lines = self._read("failed").splitlines()
        # The shell reports the file itself too, in the end.
        failed = "\n".join(line for line in lines if f"{self._notes}/block" not in line)
        return Typed(code, failed, self.printed, self._read("complained"))

    def begin(self, text: str, language: str = "sh") -> None:
        """Run a block that goes on, without waiting for it."""
        block = self._notes / f"block.{language}"
        block.write_text(text)
        (self._notes / "failed").unlink(missing_ok=True)
        start = "." if language == "sh" else "python"
        streams = f">{self._notes}/printed 2>{self._notes}/complained </dev/null"
        self._say(f'{start} {block} {streams}; echo "$?"')

    def interrupt(self) -> None:
        """Press Ctrl-C, and leave the terminal once what went on in it has ended."""
        os.killpg(self._shell.pid, signal.SIGINT)
        self._shell.communicate(timeout=SECONDS)

    @property
    def printed(self) -> str:
        """Return what the last block has printed so far."""
        return self._read("printed")

    @property
    def everything(self) -> str:
        """Return that and what it has complained of so far."""
        return self.printed + self._read("complained")

    def _read(self, name: str) -> str:
        path = self._notes / name
        return path.read_text(errors="replace") if path.exists() else ""

    def _say(self, line: str) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{line}\n".encode())
        self._shell.stdin.flush()

    def _listen(self) -> int:
        assert self._shell.stdout is not None
        ends_at = time.monotonic() + SECONDS
        while not select.select([self._shell.stdout], [], [], 1.0)[0]:
            assert time.monotonic() < ends_at, f"it goes on after {SECONDS} s: {self.everything}"
        return int(self._shell.stdout.readline() or 1)
