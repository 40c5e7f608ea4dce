"""A desk for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.ledger import Ledger
from tests.work.bundles.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, ledger: Ledger) -> Desk:
    """A desk whose folder has a portrait that every header check passes."""
    desk = Desk(tmp_path / "in", ledger)
    desk.lay("anna.png")
    return desk
