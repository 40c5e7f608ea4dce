"""Write Markdown: headed pages, lists that wrap, tables."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 120
MARK = "<!-- docs/generate.py makes this page out of the code; change it there. -->"


def write_page(title: str, *parts: str) -> str:
    """Return a page of its parts, with a blank line between them."""
    whole = "\n\n".join(part.strip("\n") for part in (f"# {title}", MARK, *parts) if part)
    return f"{whole}\n"


def paragraph(text: str, *, mark: str = "") -> str:
    """Return a text as lines that are not too long, the first of them after a mark.

    Its own breaks mean nothing.
    """
    return textwrap.fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def told(docstring: str) -> str:
    """Return the paragraphs of a docstring."""
    return "\n\n".join(map(paragraph, inspect.cleandoc(docstring).split("\n\n")))


def bullets(points: Iterable[str]) -> str:
    """Return a list."""
    return "\n".join(paragraph(point, mark="- ") for point in points)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(text: object) -> str:
    """Return a text as it is typed; nothing for an empty one."""
    return f"`{text}`" if str(text) else ""


def sentence(text: str) -> str:
    """Return a text with one full stop at its end."""
    return f"{text.rstrip('.')}."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
