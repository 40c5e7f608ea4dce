"""Type commands as a person does, and compare what is printed with a text that people have read.

A snapshot looks like a terminal: after `$` the command with the variables that were set for it, then what it
printed on standard output, then on standard error behind `2>`, and how it ended if it did not end with 0.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from difflib import unified_diff
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.conftest import Greenlight, Ran

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
RENEW = "RENEW_SNAPSHOTS"
HOME = "/home/anna"
CHANGING = (
    (r"unbooked/[0-9a-f]{16}\.json", "unbooked/0123456789abcdef.json"),
    (r"\x1b\[[\d;]*m", ""),
    (r"((?:127\.0\.0\.1|localhost):|127\.0\.0\.1%3A|--port )\d{5}\b", r"\g<1>54321"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "01234567-89ab-cdef-0123-456789abcdef"),
    # What tests add to the names of buckets, queues and pools, so that nobody else has them.
    (r"-[0-9a-f]{32}\b", ""),
    (r"(?<=greenlight-)[0-9a-f]{12}\b", "0123456789ab"),
    (r"-[0-9a-f]{64}(?=\.mp4)", f"-{'0a1b2c3d' * 8}"),
    (r"[0-9a-f]{32}(?=\.mp4)", "0123456789abcdef0123456789abcdef"),
    (r"-[0-9a-f]{8}(?=\.mp4)", "-0a1b2c3d"),
    (r"(?<!\d)20[2-8]\d-\d\d-\d\d", "2026-01-31"),
    (r"(?<!\d)\d\d:\d\d:\d\d([.,]\d+)?(\+\d\d:\d\d)?", "12:34:56"),
    (r"(?<!:)\b\d\d:\d\d(?= UTC)", "12:34"),
    (r"(?<=Took )\d+(?= s)", "25"),
    (r"(?<=released in )\d+(?= s)", "778"),
    # A stray is called by its task, which is another in every run.
    (r"(?<=so it became job )[0-9a-f]{12}", "0123456789ab"),
    (r"(?<=the vendor's differ by )\d+(?= s)", "3600"),
    (r"(?<=answers after )\d+(?= ms)", "12"),
    (r"(?<=agrees with the service's to )\d+(?= s)", "1"),
    (r"(?<=it is )(\d+)\d\d(?= s (ahead of|behind) the service's)", r"\g<1>50"),
    (r"(?<=: run )[a-z]+-[a-z-]+", "brave-otter"),
    # What the judge measures depends a little on how a machine calculates.
    (r"(?<=turned by |tilted by )\d+|(?<=mean grey )\d+|(?<=the face is )\d+(?= px)", "44"),
    (r"(?<=sharpness )[\d.]+(?=,)", "0.002"),
    (re.escape(version("prefect")), "3.9.0"),
)
"""What is another in every run, and what stands for it: of the same length where it may stand in a table."""

Says = Callable[..., None]


@dataclass(frozen=True)
class Shell:
    """Runs command lines in a folder, in this process; `VARIABLE=value` before a command is for it alone."""

    greenlight: Greenlight
    folder: Path

    def transcript(self, *commands: str, about: tuple[str, ...] = ()) -> str:
        """Return what the terminal shows after these commands; of the doctor's lines those on subjects."""
        return steady("\n".join(self._run(command, about) for command in commands), self.folder)

    def _run(self, command: str, about: tuple[str, ...]) -> str:
        words = shlex.split(command)
        variables = dict(word.split("=", 1) for word in words[: words.index("greenlight")])
        with pytest.MonkeyPatch.context() as surroundings:
            for name, value in variables.items():
                surroundings.setenv(name, value)
            ran = self.greenlight(*words[len(variables) + 1 :])
        return shown(command, ran, about)


def shown(command: str, ran: Ran, about: tuple[str, ...] = ()) -> str:
    """Return what the terminal shows of a command."""
    lines = [f"$ {command}", *_lines_about(about, ran.out.splitlines())]
    lines += [f"2> {line}".rstrip() for line in ran.err.splitlines()]
    return "\n".join([*lines, *([f"(exit code {ran.code})"] if ran.code else []), ""])


def _lines_about(subjects: tuple[str, ...], lines: list[str]) -> list[str]:
    """Return the doctor's findings on some subjects with their advice, and the sum; all lines without one."""
    kept, is_kept = [], True
    for line in lines:
        is_advice = line.startswith("  ")
        is_kept = is_kept if is_advice else line[2:].startswith(subjects or "")
        kept += [line] if is_kept or line is lines[-1] else []
    return kept


def steady(text: str, folder: Path) -> str:
    """Return a text with everything that is another in every run replaced, and no colours."""
    text = text.replace(str(folder), HOME)
    for pattern, stand_in in CHANGING:
        text = re.sub(pattern, stand_in, text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def expect_snapshot(name: str, text: str) -> None:
    """Compare a text with the snapshot of a name, or write it there when snapshots are renewed."""
    file = SNAPSHOTS / f"{name}.txt"
    if os.environ.get(RENEW):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    known = file.read_text(encoding="utf-8") if file.is_file() else ""
    differs = [*unified_diff(known.splitlines(), text.splitlines(), str(file), "now", lineterm="")]
    assert not differs, "\n".join([*differs, "", f"If that is meant: {RENEW}=1 pytest tests/cli"])


def name_of(test: pytest.FixtureRequest) -> str:
    """Return where the snapshot of a test lies: `check/a-wrong-key` for that test in `test_check.py`."""
    words = re.findall(r"\w+", test.node.name.removeprefix("test_").replace("_", " "))
    return f"{test.path.stem.removeprefix('test_').replace('_', '-')}/{'-'.join(words)}"
