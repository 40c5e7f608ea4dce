"""Print what commands have to say: one way for people, one for machines, whatever they print into.

What comes from outside steers no terminal, what an encoding does not have is escaped, and an output that
takes nothing more ends a command without taking back what was done.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from greenlight.wording import visible, visible_json

if TYPE_CHECKING:
    from rich.table import Table

OUTPUT, ERRORS = 1, 2
UNWRAPPED = 10_000
"""Columns of what is no terminal: there a line stays a line."""


class NobodyReads(Exception):  # noqa: N818 - what happened, and no fault
    """Whoever read the output has gone, like `head` after its lines."""


class OutputFull(Exception):  # noqa: N818 - what happened to the output
    """The output takes nothing more, like a full disk; the reason is a few words."""


def prepare() -> None:
    """See that both outputs are there, and that no character is too foreign for them."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= ERRORS:
        # Else the next file that is opened, perhaps a video, would be what others print into.
        continue
    os.close(descriptor)
    sys.stdout = sys.stdout or _opened(OUTPUT)
    sys.stderr = sys.stderr or _opened(ERRORS)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(line: str = "") -> None:
    """Print a line for people."""
    _write(f"{visible(line)}\n")


def tell(value: Any) -> None:
    """Print a JSON object on a line of its own for machines; a text is JSON already."""
    _write(f"{_json(value)}\n")


def show(value: Any) -> None:
    """Print a JSON object over several lines, for people."""
    _write(f"{_json(json.dumps(value, indent=2, ensure_ascii=False))}\n")


def draw(table: Table, *, is_wrapped: bool = True) -> None:
    """Print a table, whose cells are `visible`; its colours, and wrapping if wanted so, are for terminals."""
    from rich.console import Console

    width = None if is_wrapped or sys.stdout.isatty() else UNWRAPPED
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    # The end of a capture writes too, though nothing.
    with _in_words(), console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        _write(f"{line.rstrip()}\n")


def warn(line: str) -> None:
    """Print a line on standard error, which nobody has to read."""
    try:
        sys.stderr.write(f"{visible(line)}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        _give_up(sys.stderr, ERRORS)


def _json(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    return visible_json(text, ascii_only=not is_unicode)


def _write(text: str) -> None:
    with _in_words():
        sys.stdout.write(text)
        sys.stdout.flush()


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _give_up(sys.stdout, OUTPUT)
        raise NobodyReads from None
    except OSError as error:
        _give_up(sys.stdout, OUTPUT)
        raise OutputFull(error.strerror or type(error).__name__) from None


def _opened(descriptor: int) -> TextIO:
    return os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)


def _give_up(stream: TextIO, descriptor: int) -> None:
    """Let what is still printed there go nowhere, so that Python does not fail on it at its end."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
    with suppress(OSError, ValueError):
        stream.flush()
