"""The core has no words of the command line, and no error is anything but its fields."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.advice import COMMANDS, as_command
from cli.main import app
from flows.advice import IN_PREFECT, in_prefect
from greenlight.errors import advice
from greenlight.errors.advice import Advice
from tests.test_imports import ROOT, STOREYS, files_of

TAKES_APART = {"partition", "rpartition", "split", "rsplit", "splitlines", "startswith", "endswith"}
TAKES_APART |= {"removeprefix", "removesuffix", "find", "index", "replace"}
OF_A_SENTENCE = {"happened", "what", "advice", "message", "sentence", "note"}
NOT_OURS = {
    "greenlight/modelstudio": "the vendor's words, by which it alone tells some of its errors apart",
    "greenlight/studio": "pydantic's words",
}


def every_command(command: Any, name: str = "greenlight") -> Iterator[tuple[str, Any]]:
    yield name, command
    for called, one in getattr(command, "commands", {}).items():
        yield from every_command(one, f"{name} {called}")


def words_of_the_command_line() -> set[str]:
    """Return what commands and options are called."""
    commands = dict(every_command(typer.main.get_command(app)))
    options = {
        option
        for command in commands.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }
    return {*commands, *options} - {"greenlight"}


def test_the_core_names_no_command_and_no_option() -> None:
    words = words_of_the_command_line()
    assert {"greenlight reconcile", "greenlight setup bucket", "--take", "--no-film"} <= words
    any_of_them = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])")
    files = [file for file in files_of("greenlight") if "versions" not in file.parts]
    files += sorted((ROOT / "greenlight").rglob("*.html"))
    found = {file: any_of_them.findall(file.read_text(encoding="utf-8")) for file in files}
    assert not {file: words for file, words in found.items() if words}


def errors_in(function: ast.AST) -> set[str]:
    """Return the names by which errors are known in a function or a module."""
    names = {node.name for node in ast.walk(function) if isinstance(node, ast.ExceptHandler)}
    for node in ast.walk(function):
        if isinstance(node, ast.arg) and node.annotation is not None:
            said = ast.unparse(node.annotation)
            names |= {node.arg} if re.search(r"Error\b|Explained|Exception", said) else set()
    return {name for name in names if name}


def is_of_a_sentence(value: ast.expr, errors: set[str]) -> bool:
    """Whether a value is the text of an error or of a report, or made of it."""
    for node in ast.walk(value):
        match node:
            case ast.Call(func=ast.Name("str"), args=[ast.Name(name)]) if name in errors:
                return True
            case ast.FormattedValue(value=ast.Name(name)) if name in errors:
                return True
            case ast.Call(func=ast.Attribute(attr="text" | "explanation")):
                return True
            case ast.Attribute(attr=name) if name in OF_A_SENTENCE:
                return True
    return False


def taken_apart(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    errors = errors_in(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in TAKES_APART:
                texts = [value]
            case ast.Call(func=ast.Attribute(value=ast.Name("re")), args=texts):
                pass
            case ast.Subscript(value=value, slice=ast.Slice()):
                texts = [value]
            case _:
                continue
        if any(is_of_a_sentence(text, errors) for text in texts):
            yield f"{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("storey", STOREYS)
def test_no_sentence_is_taken_apart(storey: str) -> None:
    files = [
        file
        for file in files_of(storey)
        if not file.relative_to(ROOT).as_posix().startswith(tuple(NOT_OURS))
    ]
    found = {file: [*taken_apart(file)] for file in files}
    assert not {file: lines for file, lines in found.items() if lines}


def test_what_takes_a_sentence_apart_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "parser.py"
    file.write_text(
        "try:\n    work()\nexcept OSError as error:\n"
        "    what, _, advice = str(error).partition('; ')\n"
        "    is_named = report.message.startswith(place)\n"
        "    first = f'{error}'[:10]\n"
        "    found = re.search('task (.*)', error.text())\n"
        "    place = path.removeprefix('s3://')\n"
    )
    assert len([*taken_apart(file)]) == 4


def every_advice() -> list[Advice]:
    """Return one of each, with its fields filled in."""
    fields = {
        "vendors_url": "https://vendor.example",
        "job": "0a1b2c3d4e5f",
        "task_id": "task-1",
        "take": 2,
        "origin": "s3://sounds",
        "bucket": "portraits",
        "prefix": "uploads/",
        "queue": "uploads",
        "staying": "wan-s2v",
        "model": "emo-v1",
    }
    kinds = [kind for kind in vars(advice).values() if isinstance(kind, type)]
    return [
        kind(**{field.name: fields[field.name] for field in dataclasses.fields(kind)})
        for kind in kinds
        if issubclass(kind, Advice) and kind is not Advice
    ]


@pytest.mark.parametrize("one", every_advice(), ids=lambda one: type(one).__name__)
def test_every_advice_has_words_wherever_it_is_shown(one: Advice) -> None:
    assert type(one) in COMMANDS
    for told in (str(one), as_command(one), in_prefect(one)):
        assert told
        assert "{" not in told
        assert all(str(value) in told for value in vars(one).values() if value != "emo-v1")


def test_a_command_that_is_advised_is_one_that_there_is() -> None:
    known = words_of_the_command_line()
    for words in (*COMMANDS.values(), *IN_PREFECT.values()):
        for command in re.findall(r"greenlight [a-z]+(?: bucket)?", words):
            assert command in known, words
        for option in re.findall(r"--[a-z-]+", words):
            assert option in known, words


def test_a_run_is_told_of_no_command_but_on_a_workers_machine() -> None:
    for one in every_advice():
        told = in_prefect(one)
        assert "greenlight " not in told or "on a worker's machine" in told, told
        assert not re.search(r"(?<!\w)--(?!adopt|release)[a-z]", told), told
