"""Read what a document tells its reader to type, and what it says will be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWS = "Model"
"""The text in a picture that names the model which it shows."""
_FENCE = re.compile(
    r"^(?P<ticks>```+)(?P<info>.*)\n(?P<text>(?:.*\n)*?)(?P=ticks)[ \t]*$", re.MULTILINE
)
TO_TYPE = ("sh", "python")
GOES_ON_IN = {ROOT / "docs" / "deploy.md": ROOT / "docs" / "how-to" / "permissions.md"}
"""The page that goes on where another one ends, in the same terminals."""


@dataclass(frozen=True)
class Block:
    """A fenced block, and the output that the document shows right after it."""

    document: Path
    line: int
    language: str
    manner: str
    """What follows the language: how the block is to be run, in words."""
    text: str
    shown: str | None = None

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"

    @property
    def not_run(self) -> str:
        """Return why it cannot be run here; "" where it can."""
        return self._after("not run: ")

    @property
    def code(self) -> int:
        """Return the exit code that the document states."""
        return int(self._after("exit ") or 0)

    @property
    def goes_on(self) -> bool:
        """Whether it is typed in a terminal of its own and goes on there."""
        return self.manner == "in another terminal"

    @property
    def program(self) -> str:
        """Return its last line: what goes on in the terminal."""
        return self.text.splitlines()[-1]

    @property
    def starts_again(self) -> bool:
        """Whether it is typed where the same program ran until Ctrl-C."""
        return self.manner == "after Ctrl-C in its terminal"

    @property
    def is_repeated(self) -> bool:
        """Whether it is typed again until what is shown is seen."""
        return self.manner == "until it is so"

    def _after(self, word: str) -> str:
        return self.manner.removeprefix(word) if self.manner.startswith(word) else ""


def blocks_of(document: Path) -> list[Block]:
    """Return the blocks that are to be typed, in their order."""
    fences = list(_fences(document))
    found = []
    for one, following in zip_longest(fences, fences[1:]):
        if one.language not in TO_TYPE:
            continue
        is_shown = following is not None and following.language == "text"
        is_next = is_shown and not _between(one, following).strip()
        shown = following.text if following is not None and is_next else None
        found.append(Block(document, one.line, one.language, one.manner, one.text, shown))
    return found


def blocks_in_turn(document: Path) -> list[Block]:
    """Return the blocks of a page, and of the one that goes on from it."""
    following = GOES_ON_IN.get(document)
    return blocks_of(document) + (blocks_of(following) if following else [])


def _fences(document: Path) -> Iterator[Block]:
    text = document.read_text()
    for fence in _FENCE.finditer(text):
        language, _, manner = fence["info"].strip().partition(" ")
        line = text.count("\n", 0, fence.start()) + 1
        yield Block(document, line, language, manner, fence["text"])


def _between(one: Block, other: Block) -> str:
    lines = one.document.read_text().splitlines()
    # Both fences have a line before and after their text.
    return "\n".join(lines[one.line + len(one.text.splitlines()) + 1 : other.line - 1])
