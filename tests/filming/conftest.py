"""Give every test of this room books with a clock, and a studio whose jobs never end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from greenlight.ledger import Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.studio.server import StudioServer, StudioSettings
from tests.doubts import RunningClock


@pytest.fixture
def clock(studio: StudioServer) -> RunningClock:
    """The ledger's clock, which the studio goes by too."""
    return RunningClock(vendors=[studio])


@pytest.fixture
def ledger(tmp_path: Path, clock: RunningClock) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock) as books:
        yield books


@pytest.fixture
def slow_studio(tmp_path: Path, clock: RunningClock) -> Iterator[StudioServer]:
    """A studio whose jobs take longer than any test."""
    settings = StudioSettings(home=tmp_path / "slow", rate_per_second=1000, job_seconds=600)
    with StudioServer(settings) as slow:
        clock.vendors.append(slow)
        yield slow


@pytest.fixture
async def slow_client(slow_studio: StudioServer) -> AsyncIterator[ModelStudio]:
    async with ModelStudio("sk-local", base_url=slow_studio.base_url) as connected:
        yield connected
