"""Give every test of this folder what settles doubts."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.filming.reconciling import Reconciler
from greenlight.ledger import Ledger
from greenlight.modelstudio.client import ModelStudio
from tests.doubts import reconciler
from tests.production import Production, produce


@pytest.fixture
def shared(client: ModelStudio, ledger: Ledger) -> Reconciler:
    """Settles doubts of an account that others use too."""
    return reconciler(client, ledger)


@pytest.fixture
def exclusive(client: ModelStudio, ledger: Ledger) -> Reconciler:
    """Settles doubts of an account that only this ledger uses."""
    return reconciler(client, ledger, exclusive=True)


@pytest.fixture
async def second_take(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path
) -> Production:
    return await produce(client, ledger, astronaut, sound, take=2)
