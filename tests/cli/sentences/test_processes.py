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

from greenlight.ledger import Ledger
from greenlight.settings import Settings, read_settings
from greenlight.studio.server import StudioServer, StudioSettings
from tests.bucket import NOBODYS_ACCOUNT, SURROUNDINGS
from tests.cli.books import ambiguous, new_job, submitted
from tests.cli.conftest import Ran
from tests.cli.sentences.shell import Says, expect_snapshot, name_of, shown, steady
from tests.cli.test_collect import UNKNOWN_TASK
from tests.ledger.values import send
from tests.programs import wait_until
from tests.steering import add_fault, received

Compare = Callable[..., None]
ROOT = Path(__file__).parents[3]
SECONDS = 60.0
NOT_COPIED = shutil.ignore_patterns("__pycache__")
BROKEN = "raise AttributeError('_ARRAY_API not found')"
NO_JUDGE = "raise ModuleNotFoundError('No module named ai_edge_litert', name='ai_edge_litert')"


@contextmanager
def running(command: str, *paths: Path, session: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Run a command in a process of its own, with more folders to import from, and leave nothing of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *shlex.split(command)[1:]],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (*paths, ROOT)))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=session,
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


def stopped_by(process: subprocess.Popen[str], *signals: signal.Signals) -> Ran:
    """Return how a process ended that was sent these signals."""
    for one in signals:
        process.send_signal(one)
    return ended(process)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A place that takes connections for AWS and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
        surroundings = SURROUNDINGS | NOBODYS_ACCOUNT | {"AWS_ENDPOINT_URL": endpoint}
        for name, value in surroundings.items():
            monkeypatch.setenv(name, value)
        listening.settimeout(SECONDS)
        yield listening


WAITING = "greenlight setup bucket portraits --prefix uploads/ --queue uploads"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal(name: str, compare: Compare, silent: socket.socket, settings: Settings) -> None:
    submitted(settings, UNKNOWN_TASK)
    ambiguous(settings)
    with Ledger(settings.ledger_url) as ledger:
        send(ledger, new_job(settings, 4))
    with running(WAITING) as process, silent.accept()[0]:
        compare(WAITING, stopped_by(process, signal.Signals[name]))


def test_ctrl_c_with_nothing_open(
    compare: Compare, silent: socket.socket, settings: Settings
) -> None:
    with running(WAITING) as process, silent.accept()[0]:
        compare(WAITING, stopped_by(process, signal.SIGINT))


@pytest.mark.usefixtures("settings")
def test_ctrl_c_after_something_was_paid(compare: Compare, silent: socket.socket) -> None:
    place = f"http://127.0.0.1:{silent.getsockname()[1]}/two.jpg"
    command = f"greenlight check anna.png {place} --model emo"
    with running(command) as process, silent.accept()[0]:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        compare(command, ended(process, said=said))


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_vendor_answers_a_check(
    sent: signal.Signals, studio: StudioServer
) -> None:
    add_fault(studio, "slow", "check", seconds=2)
    with running("greenlight check anna.png --model emo") as process:
        wait_until(lambda: received(studio, "check") > 0, seconds=SECONDS, what="the check")
        ran = stopped_by(process, sent)
    assert ran.code == 128 + sent
    assert "the books count 0.004 CNY since it began" in ran.err
    assert ran.err.count("stopped") == 1


@pytest.mark.usefixtures("settings")
def test_the_second_signal_ends_at_once(compare: Compare, studio: StudioServer) -> None:
    add_fault(studio, "slow", "fetch", seconds=SECONDS, times=100)
    command = "greenlight collect --wait 60"
    settings = read_settings()
    submitted(settings, UNKNOWN_TASK)
    with running(command, slow_to_cancel(settings.home)) as process:
        wait_until(lambda: received(studio, "fetch") > 0, seconds=SECONDS, what="a look")
        process.send_signal(signal.SIGTERM)
        wait_until((settings.home / "cancelled").exists, seconds=SECONDS, what="the cancelling")
        compare(command, stopped_by(process, signal.SIGTERM))


def slow_to_cancel(home: Path) -> Path:
    """Return a folder to import from, with which work that is cancelled takes a minute to end."""
    code = f"""
import asyncio, pathlib
from greenlight.modelstudio.client import ModelStudio

fetch = ModelStudio.fetch

async def slow(self, task_id):
    try:
        return await fetch(self, task_id)
    except asyncio.CancelledError:
        pathlib.Path({str(home / "cancelled")!r}).touch()
        await asyncio.sleep({SECONDS})
        raise

ModelStudio.fetch = slow
"""
    home.mkdir(exist_ok=True)
    (home / "sitecustomize.py").write_text(code)
    return home


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("to_group", [False, True], ids=["process", "group"])
def test_sigterm_while_the_vendor_takes_a_video(
    to_group: bool,  # noqa: FBT001
    studio: StudioServer,
    settings: Settings,
) -> None:
    add_fault(studio, "slow", "create", seconds=2, when="after")
    command = "greenlight film anna.png --model liveportrait --audio hello.wav"
    with running(command, session=True) as process:
        wait_until(lambda: received(studio, "create") > 0, seconds=SECONDS, what="the order")
        (os.killpg if to_group else os.kill)(process.pid, signal.SIGTERM)
        ran = ended(process)
    assert ran.code == 143
    (told,) = [line for line in ran.err.splitlines() if line.startswith("greenlight: stopped")]
    assert "no job is open" not in told
    assert "Traceback" not in ran.err
    with Ledger(settings.ledger_url) as ledger:
        now = ledger.standings.of_last(SECONDS)
    assert now.submitted + now.in_doubt + now.awaited == 1


def test_ctrl_c_without_books(
    compare: Compare, silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENLIGHT_LEDGER_URL", "nonsense")
    with running(WAITING) as process, silent.accept()[0]:
        compare(WAITING, stopped_by(process, signal.SIGINT))
