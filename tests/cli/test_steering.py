"""Names from outside reach no terminal as they are: what steers one is written out, in every command."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from unicodedata import category

import pytest

from cli.speaking import tell
from greenlight.ledger import JobState, Ledger
from greenlight.settings import Settings
from greenlight.wording import STEERING, visible, visible_json
from tests.bucket import Bucket
from tests.cli.books import ambiguous, ended, new_job, submitted
from tests.cli.conftest import Greenlight, Ran
from tests.conftest import SAMPLES
from tests.ledger.values import submit

ROOT = Path(__file__).parents[2]
STEERS = "".join(map(chr, (*range(1, 32), *range(127, 160)))).replace("/", "")
EVIL = f"\x1b[2J\x1b]0;owned\x07\u202e\u2066\u200f\u2028{STEERS}"
OWN = re.compile(r"\x1b\[[\d;]*m|\x1b\[\?25[hl]|\x1b\[\d*[AK]|\r")
"""Colours, and what a line of progress needs."""


def steering(text: str) -> set[str]:
    """Return the characters of an output that could steer a terminal."""
    return {char for char in text if category(char) in STEERING} - {"\n"}


@pytest.fixture
def portrait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A portrait with a name that would do a terminal everything, in the folder that is worked in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    return Path(shutil.copyfile(SAMPLES / "made_two.jpg", tmp_path / "in" / f"{EVIL}.jpg"))


def fill_books(settings: Settings, portrait: Path) -> None:
    """Let every state of a job have such a name and such words."""
    with Ledger(settings.ledger_url) as ledger:
        submit(ledger, f"task{EVIL}", new_job(settings, 3, str(portrait)))
    ambiguous(settings)
    submitted(settings, "task-2")
    ended(settings, 4, JobState.SUCCEEDED, place=EVIL, cost_cny=Decimal(1))
    ended(settings, 5, JobState.FAILED, code=EVIL, message=EVIL)


COMMANDS = [
    ("check", "{portrait}", "missing{evil}", "--model", "emo", "--model", "wan-s2v", "--explain"),
    ("check", "{portrait}", "s3://nowhere/{evil}", "--model", "emo", "--json"),
    ("check", "s3://{bucket}/in/", "--model", "emo"),
    ("check", "s3://{bucket}/none{evil}/", "--model", "emo"),
    ("film", "{portrait}", "--model", "emo", "--audio", "{evil}", "--dry-run"),
    ("film", "{portrait}", "--model", "emo", "--dry-run"),
    ("film", "{portrait}", "--model", "emo", "--dry-run", "--json"),
    ("sweep", "in", "--model", "emo", "--out", "out{evil}", "--dry-run"),
    ("sweep", "{evil}", "--model", "emo", "--no-film", "--dry-run"),
    ("jobs",),
    ("jobs", "--json"),
    ("costs",),
    ("collect", "--out", "{evil}"),
    ("collect", "--json"),
    ("reconcile",),
    ("reconcile", "--json"),
    ("reconcile", "--release", "{evil}"),
    ("report", "--out", "{evil}.html"),
    ("doctor", "--out", "{evil}", "--timeout", "30"),
    ("doctor", "--out", "{evil}", "--timeout", "30", "--json"),
    ("setup", "bucket", "{evil}", "--prefix", "{evil}/", "--queue", "{evil}"),
    ("listen", "--queue", "{evil}"),
    ("check", "{portrait}", "--model", "{evil}"),
    ("check", "{portrait}", "--{evil}"),
    ("{evil}",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_that_a_command_prints_steers_a_terminal(
    command: tuple[str, ...],
    greenlight: Greenlight,
    settings: Settings,
    portrait: Path,
    bucket: Bucket,
) -> None:
    fill_books(settings, portrait)
    bucket.put("in/\x1b[2J\u202e.jpg", portrait.read_bytes())
    names = {"{portrait}": f"in/{portrait.name}", "{bucket}": bucket.name, "{evil}": EVIL}
    words = [re.sub(r"\{\w+\}", lambda found: names[found[0]], word) for word in command]
    ran: Ran = greenlight(*words)
    assert ran.out + ran.err or command == ("collect", "--json")
    assert not steering(ran.out + ran.err)
    if "--json" in command:
        assert all(isinstance(line, dict) for line in ran.lines)


def test_a_terminal_gets_only_our_own_colours(settings: Settings, portrait: Path) -> None:
    fill_books(settings, portrait)
    for command in (["doctor", "--out", EVIL, "--timeout", "30"], ["jobs"], ["report"]):
        assert not steering(OWN.sub("", on_a_terminal(command))), command


def on_a_terminal(command: list[str]) -> str:
    """Return what a command writes to a terminal."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *command],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    shown = b""
    with process:
        while select.select([ours], [], [], 60)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                # Nobody has the other end any more.
                break
    os.close(ours)
    assert shown
    return shown.decode()


def test_every_command_prints_and_runs_by_one_way() -> None:
    for words, allowed in (
        (("print(", ".echo(", "Console("), {"speaking", "progress"}),
        # These two end in order at a signal, in their own way.
        (("asyncio.run(",), {"stopping", "listen", "serve"}),
    ):
        for file in sorted((ROOT / "cli").glob("*.py")):
            found = [
                one for one in words if re.search(rf"(?<!\w){re.escape(one)}", file.read_text())
            ]
            assert not found or file.stem in allowed, f"{file.name}: {found}"


def test_texts_keep_what_steers_nothing() -> None:
    for text in ("安娜 é 🙂.png", "👩‍👧", "می‌خواهم", "C:\\new", ""):
        assert visible(text) == visible_json(text) == text
    assert visible("a\n\x1b\x9b\u202e\udcff") == "a\\n\\x1b\\x9b\\u202e\\udcff"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_json_says_the_same_in_every_encoding(
    encoding: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    value = {"portrait": f"安娜 🙂 {EVIL} \udcff"}
    monkeypatch.setattr(type(sys.stdout), "encoding", encoding, raising=False)
    tell(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == value
    assert not steering(printed)
    assert printed.isascii() == (encoding == "ascii")
