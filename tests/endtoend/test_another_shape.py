"""Families of other shapes are two files each, and a line in the list of each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHAPES = Path(__file__).parent / "shapes"
FOLDERS = ("greenlight", "blocks", "tasks", "flows", "deployments", "cli", "tests", "samples")


def test_families_of_other_shapes_go_all_the_way(tmp_path: Path) -> None:
    """A portrait and a motion, and a clip and a sound; neither has a detector."""
    copy = tmp_path / "copy"
    for folder in FOLDERS:
        ignored = shutil.ignore_patterns("snapshots", "photos")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name in ("dance", "lips"):
        add_family(copy, name)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--tb=short",
            "--show-capture=no",
            "tests/endtoend/shapes",
            "--override-ini=python_files=walk_*.py",
        ],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTEST_XDIST_WORKER": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]


def add_family(copy: Path, name: str) -> None:
    """Put the two files in their places, and name the family in the two lists."""
    value = copy / "greenlight/modelstudio/families"
    played = copy / "greenlight/studio/families"
    shutil.copy(SHAPES / f"{name}_value.py", value / f"{name}.py")
    shutil.copy(SHAPES / f"{name}_played.py", played / f"{name}.py")
    add_line(value / "__init__.py", "modelstudio", "FAMILIES", name)
    add_line(played / "offers.py", "studio", "PLAYED", name)


def add_line(file: Path, room: str, families: str, name: str) -> None:
    text = file.read_text()
    imported = f"from greenlight.{room}.families.{name} import {name.upper()}\n"
    begin = f"\n{families} = (WAN_S2V, "
    assert begin in text
    text = text.replace(begin, f"{begin}{name.upper()}, ")
    place = text.index("from greenlight")
    file.write_text(text[:place] + imported + text[place:])
