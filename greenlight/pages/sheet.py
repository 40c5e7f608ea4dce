"""Draw a contact sheet: one self-contained page with portraits, their verdicts and their videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greenlight.media.subjects import Subject
from greenlight.modelstudio.family import Verdict
from greenlight.pages.cards import Card, Film, make_card, make_line, preload_of, reason_of
from greenlight.pages.drawing import draw, write_page
from greenlight.screening.opinions import Opinion
from greenlight.thumbnails.drawing import UnreadablePicture, thumbnail


@dataclass(slots=True)
class Entry:
    """One portrait or clip on the sheet; videos and opinions stand by the model's name."""

    subject: Subject
    verdicts: list[Verdict] = field(default_factory=list)
    videos: dict[str, str] = field(default_factory=dict)
    opinions: dict[str, Opinion] = field(default_factory=dict)
    """What the local judge says where the service refuses without a word."""


def write_contact_sheet(entries: Sequence[Entry], page: Path) -> Path:
    """Write the sheet as an HTML file that needs no network, and return its path; videos are linked."""
    folder = page.absolute().parent
    cards = [_card(entry, folder) for entry in entries]
    return write_page(draw("sheet.html", cards=cards, preload=preload_of(cards)), page)


def reason_in_words(verdict: Verdict, entry: Entry) -> str:
    """Return why a portrait was refused: the service's word, else the judge's, marked as such."""
    opinion = entry.opinions.get(verdict.model)
    return f"{reason_of(verdict)}; {opinion}" if opinion else reason_of(verdict)


def _card(entry: Entry, folder: Path) -> Card:
    films = {model: Film("filmed", place) for model, place in entry.videos.items()}
    return make_card(
        name=entry.subject.name,
        place=entry.subject.shown,
        jpeg=_thumbnail(entry.subject),
        verdicts=entry.verdicts,
        lines=[
            make_line(
                verdict.model,
                verdict,
                folder=folder,
                opinion=entry.opinions.get(verdict.model),
                film=films.get(verdict.model),
            )
            for verdict in entry.verdicts
        ],
    )


def _thumbnail(subject: Subject) -> bytes | None:
    try:
        return thumbnail(Path(subject.place))
    except (UnreadablePicture, OSError, ValueError):
        return None
