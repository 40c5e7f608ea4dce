"""What only a process of its own prints: warnings, a studio's beginning and end, a word on Ctrl-C."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from greenlight.settings import Settings
from greenlight.studio.server import StudioServer, StudioSettings
from tests.cli.books import submitted
from tests.cli.conftest import Ran
from tests.cli.sentences.shell import Says, expect_snapshot, name_of, shown, steady
from tests.cli.test_collect import UNKNOWN_TASK
from tests.programs import wait_until
from tests.steering import add_fault, received

ROOT = Path(__file__).parents[3]
SECONDS = 60.0
NO_JUDGE = "raise ModuleNotFoundError('No module named ai_edge_litert', name='ai_edge_litert')"


def start(command: str, *paths: Path) -> subprocess.Popen[str]:
    """Begin a command in a process of its own, with more folders to import from."""
    path = os.pathsep.join(map(str, (*paths, ROOT)))
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *shlex.split(command)[1:]],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str], said: str = "") -> Ran:
    """Return what a process has printed, what was read of it before included, when it has ended."""
    out, err = process.communicate(timeout=SECONDS)
    return Ran(process.returncode, said + out, err)


@pytest.fixture
def compare(request: pytest.FixtureRequest, desk: Path) -> Callable[[str, Ran], None]:
    """Compare what came of a command with the snapshot of this test."""

    def compare(command: str, ran: Ran) -> None:
        expect_snapshot(name_of(request), steady(shown(command, ran), desk))

    return compare


@pytest.mark.usefixtures("settings")
def test_warnings(compare: Callable[[str, Ran], None], desk: Path) -> None:
    stub = desk / "without the judge" / "ai_edge_litert"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text(NO_JUDGE)
    command = "greenlight check two.jpg --model emo --explain"
    compare(command, end(start(command, stub.parent)))


def test_a_studio(compare: Callable[[str, Ran], None]) -> None:
    command = "greenlight studio --port 0 --home studio"
    process = start(command)
    assert process.stdout is not None
    said = process.stdout.readline() + process.stdout.readline()
    process.send_signal(signal.SIGINT)
    compare(command, end(process, said))


def test_no_studio(says: Says, studio: StudioServer, desk: Path) -> None:
    port = studio.url.rpartition(":")[2]
    with StudioServer(StudioSettings(home=desk / "studio")):
        says(
            f"greenlight studio --port {port} --home other",
            "greenlight studio --port 0 --home studio",
            "greenlight studio --port 0 --home anna.png/studio",
            "greenlight studio --host 192.0.2.1 --port 0 --home other",
            "greenlight studio --host nowhere.invalid --port 0 --home other",
        )


@pytest.mark.usefixtures("settings")
def test_ctrl_c(compare: Callable[[str, Ran], None], studio: StudioServer) -> None:
    add_fault(studio, "slow", "check", seconds=SECONDS)
    command = "greenlight check anna.png --model emo"
    process = start(command)
    wait_until(lambda: received(studio, "check") > 0, seconds=SECONDS, what="the check")
    process.send_signal(signal.SIGINT)
    compare(command, end(process))


def test_ctrl_c_with_open_jobs(
    compare: Callable[[str, Ran], None], studio: StudioServer, settings: Settings
) -> None:
    submitted(settings, UNKNOWN_TASK)
    command = "greenlight collect --wait 60"
    process = start(command)
    wait_until(lambda: received(studio, "fetch") > 0, seconds=SECONDS, what="a look at the job")
    process.send_signal(signal.SIGINT)
    compare(command, end(process))
