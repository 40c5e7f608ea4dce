"""Give the tests of screening a screener with this test's studio and books."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.ledger import Ledger
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.screening.screener import Screener, Screening


@pytest.fixture
def screener(client: ModelStudio, ledger: Ledger) -> Screener:
    return Screener(client=client, ledger=ledger)


async def screen(screener: Screener, place: Path | str, model: str = "emo") -> Screening:
    return await screener.screen(await examine(str(place)), catalog.family(model))
