"""The rooms of the house import downwards only."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STOREYS = ["cli", "deployments", "flows", "tasks", "blocks", "greenlight"]
"""From the roof down."""


def imported(file: Path) -> set[str]:
    """Return the full names of the modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            names.add(str(node.module))
    return names


def imports_of(room: str) -> dict[Path, set[str]]:
    return {file: imported(file) for file in sorted((ROOT / room).rglob("*.py"))}


@pytest.mark.parametrize("storey", STOREYS)
def test_a_storey_imports_nothing_above_it(storey: str) -> None:
    above = set(STOREYS[: STOREYS.index(storey)])
    for file, names in imports_of(storey).items():
        assert not above & {name.split(".")[0] for name in names}, file


def test_the_core_knows_no_prefect() -> None:
    for file, names in imports_of("greenlight").items():
        assert not [name for name in names if name.startswith("prefect")], file


def test_the_rooms_of_the_core_import_in_no_circle() -> None:
    below: dict[str, set[str]] = {}
    for file, names in imports_of("greenlight").items():
        room = file.relative_to(ROOT).with_suffix("").parts[1]
        others = {name.split(".")[1] for name in names if name.startswith("greenlight.")}
        below.setdefault(room, set()).update(others - {room})
    assert set(TopologicalSorter(below).static_order()) >= {"filming", "ledger", "videos"}


@pytest.mark.parametrize(
    ("room", "allowed"),
    [
        ("modelstudio", ()),
        # Whoever opens a picture opens it there, within the same bounds.
        ("judge", ("greenlight.pictures",)),
        ("pictures.py", ()),
        ("lengths.py", ()),
    ],
)
def test_a_room_of_the_core_that_knows_next_to_nobody(room: str, allowed: tuple[str, ...]) -> None:
    rooms = imports_of(f"greenlight/{room}") if not room.endswith(".py") else {}
    files = rooms or {ROOT / "greenlight" / room: imported(ROOT / "greenlight" / room)}
    for file, names in files.items():
        own = {name for name in names if name.split(".")[0] == "greenlight"}
        assert all(name.startswith((f"greenlight.{room}", *allowed)) for name in own), file


def test_the_studio_knows_the_judge_the_protocol_and_readers_only() -> None:
    allowed = (
        "greenlight.studio",
        "greenlight.judge",
        "greenlight.modelstudio",
        "greenlight.pictures",
        "greenlight.lengths",
        "greenlight.thumbnails",
    )
    for file, names in imports_of("greenlight/studio").items():
        own = {name for name in names if name.split(".")[0] == "greenlight"}
        assert all(name.startswith(allowed) for name in own), file


def test_check_answers_without_prefect() -> None:
    for name in ("main", "check", "options"):
        names = imported(ROOT / "cli" / f"{name}.py")
        assert not [one for one in names if one.split(".")[0] in {"prefect", "flows", "tasks"}]
