"""Fill books by screening real pictures against the studio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from greenlight.ledger import Ledger
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.pages.report import write_report
from greenlight.screening.screener import Screener
from greenlight.thumbnails.cache import Album
from tests.pages.page import Page

Screen = Callable[..., Awaitable[None]]
Written = Callable[..., Page]


@pytest.fixture
def screen(client: ModelStudio, ledger: Ledger) -> Screen:
    """Checks portraits, at their places, with models."""

    async def checked(*places: Path | str, models: tuple[str, ...] = ("emo",)) -> None:
        screener = Screener(client=client, ledger=ledger)
        for place in places:
            portrait = await examine(str(place))
            for model in models:
                await screener.screen(portrait, catalog.family(model))

    return checked


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album.in_home(tmp_path / "home")


@pytest.fixture
def written(ledger: Ledger, album: Album, tmp_path: Path) -> Written:
    """Writes the report and reads it as a browser would."""

    def write(name: str = "report.html", **options: object) -> Page:
        file, _ = write_report(ledger, album, tmp_path / name, **options)  # type: ignore[arg-type]
        page = Page(file)
        assert (page.open, page.astray) == ([], []), "every tag is closed in its turn"
        return page

    return write
