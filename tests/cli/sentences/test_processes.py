"""What only a process of its own prints: warnings, a studio's beginning and end, a word on Ctrl-C."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenlight.settings import Settings
from greenlight.studio.server import StudioServer, StudioSettings
from tests.bucket import NOBODYS_ACCOUNT, SURROUNDINGS
from tests.cli.books import submitted
from tests.cli.conftest import Ran
from tests.cli.sentences.shell import Says, expect_snapshot, name_of, shown, steady
from tests.cli.test_collect import UNKNOWN_TASK
from tests.programs import wait_until
from tests.steering import add_fault, received

Compare = Callable[..., None]
ROOT = Path(__file__).parents[3]
SECONDS = 60.0
NOT_COPIED = shutil.ignore_patterns("__pycache__")
BROKEN = "raise AttributeError('_ARRAY_API not found')"
NO_JUDGE = "raise ModuleNotFoundError('No module named ai_edge_litert', name='ai_edge_litert')"


@contextmanager
def running(command: str, *paths: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a command in a process of its own, with more folders to import from, and leave nothing of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *shlex.split(command)[1:]],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (*paths, ROOT)))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], *, said: str = "") -> Ran:
    """Return what a process has printed, with what was read of it before, when it has ended."""
    out, err = process.communicate(timeout=SECONDS)
    return Ran(process.returncode, said + out, err)


@pytest.fixture
def compare(request: pytest.FixtureRequest, desk: Path) -> Compare:
    """Compare what came of a command with the snapshot of this test."""

    def compare_with_snapshot(command: str, ran: Ran, about: tuple[str, ...] = ()) -> None:
        expect_snapshot(name_of(request), steady(shown(command, ran, about), desk))

    return compare_with_snapshot


@pytest.fixture
def without_judge(desk: Path) -> Path:
    """A folder to import from, with which the judge is not installed."""
    return installed(desk, "ai_edge_litert", NO_JUDGE)


def installed(desk: Path, package: str, code: str) -> Path:
    """Return a folder to import from that has a package of such code."""
    stub = desk / "more packages" / package
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text(code)
    return stub.parent


@pytest.mark.usefixtures("settings")
def test_warnings(compare: Compare, without_judge: Path) -> None:
    command = "greenlight check two.jpg --model emo --explain"
    with running(command, without_judge) as process:
        compare(command, ended(process))


@pytest.mark.usefixtures("settings")
def test_no_judge(compare: Compare, without_judge: Path) -> None:
    command = "greenlight doctor --timeout 60"
    with running(command, without_judge) as process:
        compare(command, ended(process), ("judge",))


@pytest.mark.usefixtures("settings")
def test_a_damaged_judge(compare: Compare, desk: Path) -> None:
    copy = desk / "copy"
    shutil.copytree(ROOT / "greenlight", copy / "greenlight", ignore=NOT_COPIED)
    (copy / "greenlight/judge/models/pose_detection.tflite").write_bytes(b"damaged")
    command = "greenlight doctor --timeout 60"
    with running(command, copy) as process:
        compare(command, ended(process), ("judge",))


@pytest.mark.usefixtures("settings")
def test_a_fault_among_findings(compare: Compare, desk: Path) -> None:
    broken = installed(desk, "ai_edge_litert", BROKEN)
    command = "greenlight doctor --timeout 60"
    with running(command, broken) as process:
        compare(command, ended(process), ("judge",))


@pytest.mark.usefixtures("settings")
def test_a_fault_that_ends_it(compare: Compare, desk: Path) -> None:
    broken = installed(desk, "PIL", BROKEN)
    command = "greenlight check anna.png --model emo"
    with running(command, broken) as process:
        compare(command, ended(process))


def test_a_studio(compare: Compare) -> None:
    command = "greenlight studio --port 0 --home studio"
    with running(command) as process:
        assert process.stdout is not None
        said = process.stdout.readline() + process.stdout.readline()
        process.send_signal(signal.SIGINT)
        compare(command, ended(process, said=said))


def test_no_studio(says: Says, studio: StudioServer, desk: Path) -> None:
    port = studio.url.rpartition(":")[2]
    with StudioServer(StudioSettings(home=desk / "studio")):
        says(
            f"greenlight studio --port {port} --home other",
            "greenlight studio --port 0 --home studio",
            "greenlight studio --port 0 --home anna.png/studio",
            "greenlight studio --host 192.0.2.1 --port 0 --home other",
        )


@pytest.mark.usefixtures("settings")
def test_ctrl_c(compare: Compare, studio: StudioServer) -> None:
    add_fault(studio, "slow", "check", seconds=SECONDS)
    command = "greenlight check anna.png --model emo"
    with running(command) as process:
        wait_until(lambda: received(studio, "check") > 0, seconds=SECONDS, what="the check")
        process.send_signal(signal.SIGINT)
        compare(command, ended(process))


def test_ctrl_c_with_open_jobs(compare: Compare, studio: StudioServer, settings: Settings) -> None:
    submitted(settings, UNKNOWN_TASK)
    command = "greenlight collect --wait 60"
    with running(command) as process:
        wait_until(lambda: received(studio, "fetch") > 0, seconds=SECONDS, what="a look at the job")
        process.send_signal(signal.SIGINT)
        compare(command, ended(process))


def test_ctrl_c_without_books(compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    command = "greenlight setup bucket portraits --prefix uploads/ --queue uploads"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        surroundings = {"AWS_ENDPOINT_URL": endpoint, "GREENLIGHT_LEDGER_URL": "nonsense"}
        for name, value in (SURROUNDINGS | NOBODYS_ACCOUNT | surroundings).items():
            monkeypatch.setenv(name, value)
        silent.settimeout(SECONDS)
        with running(command) as process:
            connection, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            compare(command, ended(process))
            connection.close()
