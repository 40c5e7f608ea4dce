"""The snapshots themselves."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.sentences.shell import SNAPSHOTS

TESTS = Path(__file__).parents[1]


def names_in(folder: str) -> list[str]:
    """Return the tests whose snapshots lie in a folder, as the names of snapshots begin."""
    files = TESTS.rglob(f"test_{folder.replace('-', '_')}.py")
    names = [name for file in files for name in re.findall(r"def test_(\w+)", file.read_text())]
    return [name.replace("_", "-") for name in names]


def test_no_snapshot_is_left_over() -> None:
    files = sorted(SNAPSHOTS.rglob("*.txt"))
    assert files
    assert not [
        file for file in files if not file.stem.startswith(tuple(names_in(file.parent.name)))
    ]


def test_no_snapshot_has_a_traceback_or_a_secret() -> None:
    for file in sorted(SNAPSHOTS.rglob("*.txt")):
        printed = re.sub(r"^\$ .*$", "", file.read_text(), flags=re.MULTILINE)
        for word in ("Traceback", "secret", "sk-wrong", "Signature", "0x7f", "None", "; ;", ".;"):
            assert word not in printed, file
