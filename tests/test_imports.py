"""The rooms of the house import downwards only."""

from __future__ import annotations

import ast
from collections.abc import Collection
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STOREYS = ["cli", "deployments", "flows", "tasks", "blocks", "greenlight"]
"""From the roof down."""
MOST_IMPORTS = 20
MOST_LINES = 60
MOST_ROOMS = 27


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


def files_of(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def modules_imported(file: Path, modules: Collection[str]) -> set[str]:
    """Return which of these modules a file imports, a name out of a package as the module that it is."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in modules else str(node.module))
    return found & set(modules)


def imports_of(room: str) -> dict[Path, set[str]]:
    return {file: imported(file) for file in files_of(room)}


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


def test_the_house_has_few_rooms() -> None:
    core = {file.relative_to(ROOT / "greenlight").parts[0] for file in files_of("greenlight")}
    assert len(STOREYS[:-1]) + len(core - {"__init__.py"}) <= MOST_ROOMS


def test_no_file_imports_itself_by_way_of_others() -> None:
    """An import for types alone closes a circle too."""
    modules = {module_of(file): file for storey in STOREYS for file in files_of(storey)}
    below = {name: modules_imported(file, modules) - {name} for name, file in modules.items()}
    assert len(list(TopologicalSorter(below).static_order())) == len(modules)


OTHERS_PROGRAMS = {"warm.py"}
"""What runs a program of Prefect as `python -m` would."""


def test_no_module_is_loaded_by_its_name() -> None:
    """What is loaded by name is seen by no reader, and by no test of imports."""
    for storey in STOREYS:
        for file, names in imports_of(storey).items():
            text = file.read_text()
            assert not names & {"pkgutil", "runpy"} or file.name in OTHERS_PROGRAMS, file
            assert "import_module" not in text, file
            assert "__import__" not in text, file


def test_no_file_of_the_core_needs_more_than_twenty_others() -> None:
    modules = {module_of(file): file for file in files_of("greenlight")}
    for name, file in modules.items():
        assert len(modules_imported(file, modules) - {name}) <= MOST_IMPORTS, name


def test_every_function_of_the_core_fits_on_a_screen() -> None:
    for file in files_of("greenlight"):
        # What a migration did to the tables stays as it was.
        if "versions" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= MOST_LINES, f"{file}: {node.name}"


@pytest.mark.parametrize(
    ("room", "allowed"),
    [
        # What its errors have in common with all others.
        ("modelstudio", ("greenlight.errors",)),
        ("errors", ()),
        # Whoever opens a picture opens it there, within the same bounds.
        ("judge", ("greenlight.media.pictures", "greenlight.media.frames")),
        ("media/pictures.py", ()),
        ("media/frames.py", ("greenlight.media.pictures",)),
        ("media/lengths.py", ()),
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
        "greenlight.errors",
        "greenlight.judge",
        "greenlight.modelstudio",
        "greenlight.media.pictures",
        "greenlight.media.lengths",
        "greenlight.thumbnails.drawing",
    )
    for file, names in imports_of("greenlight/studio").items():
        own = {name for name in names if name.split(".")[0] == "greenlight"}
        assert all(name.startswith(allowed) for name in own), file


def test_check_answers_without_prefect() -> None:
    for name in ("main", "check", "options"):
        names = imported(ROOT / "cli" / f"{name}.py")
        assert not [one for one in names if one.split(".")[0] in {"prefect", "flows", "tasks"}]
