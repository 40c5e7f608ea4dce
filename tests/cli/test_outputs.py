"""Whatever the output is, closed, full or of another encoding, no verdict is lost or paid twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from tests.cli.books import submitted
from tests.cli.conftest import Greenlight
from tests.conftest import SAMPLES
from tests.steering import paid

ROOT = Path(__file__).parents[2]
SECONDS = 60
NAME = "安娜 é 🙂.png"
BROKEN_PIPE = "( {}; echo $? >code ) | exec true; exit $(cat code)"
"""By the time that a command has something to print, `true` has long ended."""
LONG = ["jobs", "costs", "doctor", "report"]


@pytest.fixture
def portrait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A portrait whose name few encodings can write, in the folder that is worked in."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copyfile(SAMPLES / "astronaut.png", tmp_path / NAME))


def run(shell: str, *command: object, **surroundings: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command from a shell, in which `{}` stands for it."""
    words = [sys.executable, "-m", "cli", *map(str, command)]
    return subprocess.run(
        ["sh", "-c", shell.format('"$@"'), "sh", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | surroundings,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


ENCODINGS = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"PYTHONIOENCODING": "latin-1"},
    {"LANG": "C", "LC_ALL": "C"},
]


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("surroundings", ENCODINGS, ids=lambda one: "-".join(one.values()))
def test_an_encoding_without_the_letters_of_a_name(
    surroundings: dict[str, str], portrait: Path, studio: StudioServer
) -> None:
    people = run("{}", "check", NAME, "--model", "emo", **surroundings)
    machine = run("{}", "check", NAME, "--model", "emo", "--json", **surroundings)
    assert (people.returncode, machine.returncode) == (0, 0), people.stderr + machine.stderr
    assert b"passed" in people.stdout
    assert json.loads(machine.stdout)["portrait"] == NAME
    assert json.loads(machine.stdout)["cached"]
    assert paid(studio) == {"emo-detect-v1": 1}


@pytest.mark.usefixtures("settings", "portrait")
@pytest.mark.parametrize("command", LONG)
def test_every_command_prints_into_ascii(command: str) -> None:
    code = run("{}", command, PYTHONIOENCODING="ascii:strict").returncode
    assert code in {0, 1 if command == "doctor" else 0}


@pytest.mark.usefixtures("portrait")
@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("exec {} >&-", 0),
        ("exec {} >&- 2>&-", 0),
        ("exec {} <&- >&- 2>&-", 0),
        ("exec {} 2>/dev/full", 0),
        (BROKEN_PIPE, 141),
        ("exec {} >/dev/full", 1),
        ("exec {} >/dev/full 2>&1", 1),
    ],
)
def test_an_output_that_takes_nothing_loses_no_verdict(
    shell: str, code: int, settings: Settings, studio: StudioServer, greenlight: Greenlight
) -> None:
    ran = run(shell, "check", NAME, "--model", "emo")
    assert ran.returncode == code, ran.stderr
    assert b"Traceback" not in ran.stderr
    assert b"Exception ignored" not in ran.stderr
    is_told = b"accepts nothing more (No space left on device)" in ran.stderr
    assert is_told == (shell == "exec {} >/dev/full")
    assert greenlight("check", NAME, "--model", "emo", "--json").line["cached"]
    assert paid(studio) == {"emo-detect-v1": 1}


@pytest.mark.usefixtures("portrait")
@pytest.mark.parametrize(
    "command", ["jobs", "jobs --json", "costs", "doctor", "report", "--version"]
)
def test_every_command_says_that_a_disk_is_full_and_ends_quietly_on_a_closed_pipe(
    command: str, settings: Settings
) -> None:
    submitted(settings, "task-2")
    full = run("exec {} >/dev/full", *command.split())
    assert full.returncode == 1
    assert full.stderr.startswith(b"greenlight: the output accepts nothing more (No space left on")
    assert full.stderr.count(b"\n") == 1
    gone = run(BROKEN_PIPE, *command.split())
    assert (gone.returncode, gone.stderr) == (141, b"")


def test_wrong_usage_is_told_by_its_code_where_nobody_can_read_why(tmp_path: Path) -> None:
    for shell in ("exec {} 2>/dev/full", "exec {} 2>&-"):
        assert run(shell, "chek", GREENLIGHT_HOME=str(tmp_path)).returncode == 2
