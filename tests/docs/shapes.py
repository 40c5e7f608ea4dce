"""Compare what a command printed with what its document shows, but for what differs every time."""

from __future__ import annotations

import re

ALWAYS_OTHER = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,64}\b"), "HASH"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "DATE"),
    (re.compile(r"\b\d\d:\d\d(:\d\d([.,]\d+)?)?\b"), "TIME"),
    (re.compile(r"\b\d+ ms\b"), "N ms"),
    (re.compile(r"(?<=TIME) +\d+ "), " BYTES "),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)


def has_shape(printed: str, shown: str) -> bool:
    """Whether an output is the one that is shown.

    There `...` stands for anything, and a line of it for any lines, or none.
    """
    pattern = "".join(map(_pattern_of, _normalised(shown).strip().splitlines()))
    return bool(re.fullmatch(pattern, f"{_normalised(printed).strip()}\n"))


def _pattern_of(line: str) -> str:
    if line == "...":
        return r"(?:.*\n)*"
    return r"[\s\S]*".join(map(re.escape, line.split("..."))) + r"\n"


def _normalised(text: str) -> str:
    for pattern, word in ALWAYS_OTHER:
        text = pattern.sub(word, text)
    return text
