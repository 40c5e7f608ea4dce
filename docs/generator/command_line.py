"""Tell of every command, out of the program itself."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer

from cli.main import app
from generator.attributes import docs_of
from generator.markdown import bullets, code, paragraph, sentence, told, write_page
from greenlight.work import reports

INTRODUCTION = """
Every command is `greenlight COMMAND`, and `greenlight COMMAND --help` says what stands here. Before
the command: `--version`, and `--debug`, which shows the traceback of an error. What is asked for is
printed on standard output, warnings and errors on standard error.
"""
CODES = (
    "0: it is done, whatever the verdict",
    "1: something failed, and a sentence on standard error says what, and whether money was spent",
    "2: the command was not understood",
    "130: it was stopped by Ctrl-C; what was begun at the vendor goes on",
)
CHECK_FIELDS = {
    "portrait": "the source, without a query",
    "model": "the model's name for people",
    "service": "host and port of the address, and the workspace",
    "passed": "true, false, or null with an error",
    "by": "`vendor`, or `preflight` for a rule that the picture's header breaks",
    "code": "the vendor's",
    "reason": "the vendor's",
    "request_id": "the vendor's",
    "opinion": "with `--explain`: `words` and `advice` of the local judge where the vendor gives no reason",
    "cached": "whether the books knew it",
    "cost_cny": "what this call cost; 0 when it was known",
    "error": "null, or `type`, `message`, `spent` and `subject` (what the message begins with)",
}
FAMILY_FIELDS = (
    "`ratio`, `face_bbox` and `ext_bbox` (emo), `humanoid` (wan-s2v), `bodystyle` (animate-anyone)"
)


def page() -> str:
    """Return the page of the command line."""
    root: Any = typer.main.get_command(app)
    return write_page(
        "Command line",
        paragraph(INTRODUCTION),
        "## Exit codes",
        bullets(CODES),
        *(part for name, command in root.commands.items() for part in _command(name, command)),
        "## What `--json` prints",
        "One object a line. Of `check`, for every source and model:",
        bullets(f"{code(name)}: {what}" for name, what in CHECK_FIELDS.items()),
        paragraph(f"and what the model's family adds: {FAMILY_FIELDS}."),
        "Of `film`:",
        bullets(_report_fields()),
    )


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"## {code(f'greenlight {name}')}"
    yield told(command.help)
    for inner, one in getattr(command, "commands", {}).items():
        yield f"### {code(f'greenlight {name} {inner}')}"
        yield told(one.help)
        yield bullets(map(_parameter, one.params))
    if not hasattr(command, "commands"):
        yield bullets(map(_parameter, command.params))


def _parameter(parameter: Any) -> str:
    notes = [*_notes(parameter)]
    noted = f" ({', '.join(notes)})" if notes else ""
    return f"{code(_spelled(parameter))}{noted}: {sentence(parameter.help)}"


def _spelled(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"{parameter.metavar}{'...' if parameter.nargs < 0 else ''}"
    names = "/".join((*parameter.opts, *parameter.secondary_opts))
    return names if parameter.is_flag else f"{names} {_value(parameter)}"


def _value(parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar)
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(str(one.value) for one in kind)
    return str(parameter.name).upper()


def _notes(parameter: Any) -> Iterator[str]:
    if parameter.required:
        yield "required"
    shown = parameter.show_default if isinstance(parameter.show_default, str) else None
    default = shown if shown is not None else parameter.default
    if default not in (None, False, [], ()) and not parameter.required:
        yield f"default {code(_default(parameter, default))}"
    if parameter.envvar:
        yield f"or {code(parameter.envvar)} in the environment"


def _default(parameter: Any, default: object) -> str:
    if default is True:
        return str(parameter.opts[0])
    return f"{default:g}" if isinstance(default, int | float) else str(default)


def _report_fields() -> Iterator[str]:
    docs = docs_of(reports)
    for name, field in reports.FilmReport.model_fields.items():
        if field.exclude:
            continue
        about = docs.get(f"FilmReport.{name}", PLAIN_FIELDS.get(name, ""))
        yield f"{code(name)}: {about}"


PLAIN_FIELDS = {
    "state": "One of the [states](events-and-states.md#states-of-a-brief) in small letters.",
    "verdicts": "All verdicts of the brief, as `check` tells them.",
    "task_id": "The vendor's id of the job.",
    "video": "Where the video lies.",
    "sha256": "Of the video.",
    "seconds": "What the vendor billed.",
    "error": "Null, or `type`, `message`, `spent` and `subject` (what the message begins with).",
}
