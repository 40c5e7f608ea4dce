"""Run long-lived programs as real processes, each with a log, and leave nothing of them behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
TAIL_LINES = 12


class Program:
    """A program that can be started, stopped or killed, and started again; its log goes on."""

    def __init__(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = list(command)
        self._environ = dict(environ)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it from the root of the checkout, in a session of its own."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def children(self) -> list[int]:
        """Return the processes that it has begun, and those that they have begun."""
        return sorted(_family_of(self._process.pid) - {self._process.pid}) if self._process else []

    def stop(self, *, seconds: float = 30) -> None:
        """Ask it to end, and kill what does not end in time."""
        if self._process is not None and self.is_running:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Kill it with all that it has begun, as if the power went."""
        if self._process is None:
            return
        # Stopped first, so that it begins nothing while its family is looked up.
        for one in (signal.SIGSTOP, signal.SIGKILL):
            for pid in _family_of(self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, one)
        self._process.wait()
        # From now on another program may have its number.
        self._process = None

    def tail(self) -> str:
        """Return the last lines of its log, for whoever must find out what went wrong."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        code = self._process.poll() if self._process else None
        ended = "" if code is None else f", which ended with {code}"
        return "\n".join([f"--- {self.name}{ended}", *lines[-TAIL_LINES:]])


@contextlib.contextmanager
def running(*programs: Program) -> Iterator[None]:
    """Run programs for the time of a `with` block, and kill what is left of them at its end."""
    try:
        for one in programs:
            one.start()
        yield
    finally:
        for one in programs:
            one.kill()


def run(command: Sequence[str], environ: Mapping[str, str], *, seconds: float = 120) -> str:
    """Run a command to its end and return what it printed; it must not fail."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command[2:])}: {done.stdout}{done.stderr}"
    return done.stdout


def wait_until(
    is_so: Callable[[], object], *, seconds: float, what: str, every_seconds: float = 0.05
) -> None:
    """Wait for a condition; `TimeoutError` when it does not come about."""
    ends_at = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > ends_at:
            raise TimeoutError(f"{what} was waited for {seconds:.0f} s")
        time.sleep(every_seconds)


def _family_of(pid: int) -> set[int]:
    """Return a process that leads a session, everybody in that session, and all their children."""
    children: dict[int, set[int]] = defaultdict(set)
    found = {pid}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # After the name, which may hold anything: state, parent, group, session.
            _, parent, _, session, *_ = stat.read_text().rpartition(")")[2].split()
            children[int(parent)].add(int(stat.parent.name))
            if int(session) == pid:
                found.add(int(stat.parent.name))
    new = set(found)
    while new:
        new = {child for one in new for child in children[one]} - found
        found |= new
    return found
