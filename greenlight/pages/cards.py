"""Make the cards of a page: a portrait with its boxes, what each model said of it, and its videos."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from greenlight.modelstudio.family import Verdict
from greenlight.screening.opinions import Opinion
from greenlight.thumbnails.drawing import boxes_of, data_uri, real_size

MOST_CHARACTERS: Final = 600
"""No reason is longer on a page; a service may answer with anything."""
MOST_PREVIEWS: Final = 40
"""A page with more videos shows none of them before it is played."""
TONES: Final = {
    "refused": "bad",
    "passed": "good",
    "filmed": "good",
    "failed": "bad",
    "lost": "bad",
}
"""How a state is coloured; any other is under way."""


@dataclass(frozen=True, slots=True)
class Film:
    """What became of a passed portrait's video."""

    state: str
    """`filmed`, `being filmed`, `in doubt`, `failed`, `lost`."""
    place: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What one model said of a portrait, and what became of it."""

    label: str
    state: str
    words: str = ""
    opinion: Opinion = field(default_factory=Opinion)
    link: str = ""
    """The video's address from the page, where the file lies on this machine."""
    place: str = ""
    """Where the video lies otherwise."""

    @property
    def tone(self) -> str:
        """Return the class that colours it."""
        return TONES.get(self.state, "open")


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A box in the portrait's own pixels."""

    kind: str
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Card:
    """A portrait as a page shows it."""

    name: str
    place: str
    lines: Sequence[Line]
    picture: str = ""
    """The address of the thumbnail, which holds it; "" where there is none."""
    size_px: tuple[int, int] | None = None
    boxes: Sequence[Rectangle] = ()
    service: str = ""
    """Named only where a page shows more than one."""

    @property
    def kinds(self) -> str:
        """Return the classes that a reader may choose cards by."""
        kinds = {"passed" if line.tone != "bad" else "refused" for line in self.lines}
        if any(line.state == "filmed" for line in self.lines):
            kinds.add("filmed")
        return " ".join(sorted(kinds))


def make_card(
    *,
    name: str,
    place: str,
    jpeg: bytes | None,
    verdicts: Iterable[Verdict],
    lines: Sequence[Line],
    service: str = "",
) -> Card:
    """Return the card of a portrait: its thumbnail, if there is one, with the boxes of its verdicts."""
    size_px = real_size(jpeg) if jpeg else None
    return Card(
        name=name,
        place=place,
        lines=lines,
        picture=data_uri(jpeg) if jpeg else "",
        size_px=size_px,
        boxes=_rectangles(verdicts) if size_px else (),
        service=service,
    )


def make_line(
    label: str,
    verdict: Verdict,
    *,
    folder: Path,
    opinion: Opinion | None = None,
    film: Film | None = None,
) -> Line:
    """Return the line of a verdict on a page that is written to a folder."""
    if not verdict.passed:
        return Line(label, "refused", reason_of(verdict), opinion=opinion or Opinion())
    if film is None:
        return Line(label, "passed")
    link, place = link_to(film.place, folder)
    return Line(label, film.state, shortened(film.words), link=link, place=place)


def reason_of(verdict: Verdict) -> str:
    """Return why a portrait was refused, as the service or the rule says it."""
    said = ": ".join(filter(None, (verdict.code, verdict.reason)))
    return shortened(said) or "no reason given"


def shortened(text: str) -> str:
    """Return a text as it is, or its beginning where it would fill the page."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def link_to(place: str, folder: Path) -> tuple[str, str]:
    """Return a file's address from a page in a folder, or else in words where it lies; one of them is ""."""
    if not place or "://" in place:
        return "", place
    if not os.path.isfile(place):  # noqa: PTH113 - Path's own raises for some names
        return "", f"{place}, where it is no longer"
    return quote(os.path.relpath(place, folder)), ""


def preload_of(cards: Iterable[Card]) -> str:
    """Return how much of its videos a page reads when it is opened."""
    videos = sum(bool(line.link) for card in cards for line in card.lines)
    return "metadata" if videos <= MOST_PREVIEWS else "none"


def _rectangles(verdicts: Iterable[Verdict]) -> list[Rectangle]:
    return [
        Rectangle(
            "face" if name == "face_bbox" else "extended", left, top, right - left, bottom - top
        )
        for verdict in verdicts
        for name, (left, top, right, bottom) in boxes_of(verdict).items()
    ]
