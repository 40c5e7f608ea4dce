"""Read a page as a browser would: its tags with their attributes, and its text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

EMPTY = {"meta", "link", "img", "input", "br"}
INLINE = {"a", "b", "code", "span"}


class Page(HTMLParser):
    """A page's tags with their attributes, its text, and whether every tag is closed in its turn."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.source = file.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.headings: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.astray: list[str] = []
        self._text = ""
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in INLINE:
            self._text += " "
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.astray.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        if self.open and re.fullmatch("h[1-6]", self.open[-1]):
            self.headings.append((self.open[-1], data))
        self._text += data

    @property
    def text(self) -> str:
        return " ".join(self._text.split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def links(self) -> list[str]:
        """Return all that the page would fetch or lead to."""
        named = {"src", "href", "poster", "srcset", "action"}
        return [value for _, a in self.tags for name, value in a.items() if name in named]


def cards(page: Page) -> list[str]:
    """Return the names on the cards, in their order."""
    headings = [text for level, text in page.headings if level == "h3"]
    return [text for text in headings if not text.endswith(" CNY")]
