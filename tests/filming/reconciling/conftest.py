"""Give every test of this folder books with a clock, and what settles their doubts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from greenlight.filming.reconciling import Reconciler
from greenlight.ledger import Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.studio.server import StudioServer, StudioSettings
from tests.doubts import RunningClock, reconciler
from tests.production import Production, produce


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: RunningClock) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock) as books:
        yield books


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


@pytest.fixture
async def slow_client(tmp_path: Path) -> AsyncIterator[ModelStudio]:
    """A client of a studio whose jobs take longer than any test."""
    settings = StudioSettings(home=tmp_path / "slow", rate_per_second=1000, job_seconds=600)
    with StudioServer(settings) as slow:
        async with ModelStudio("sk-local", base_url=slow.base_url) as connected:
            yield connected
