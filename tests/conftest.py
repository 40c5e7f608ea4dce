"""Give every test a home of its own and, where it asks for one, a real studio on loopback."""

from __future__ import annotations

import os
import uuid
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from greenlight.ledger import Ledger
from greenlight.settings import Settings, read_settings
from greenlight.studio.server import StudioServer, StudioSettings

# Read by Prefect's server when it starts: nobody is told of a test.
os.environ |= {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's own key, books and buckets out of the tests."""
    for name in list(os.environ):
        if name.startswith(("GREENLIGHT_", "DASHSCOPE_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GREENLIGHT_HOME", str(tmp_path / "home"))


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[StudioServer]:
    """A studio of this test's own, quick and without a rate limit in the way."""
    settings = StudioSettings(
        home=tmp_path / "studio", rate_per_second=1000, task_requests_per_second=1000, job_seconds=0.05
    )
    with StudioServer(settings) as server:
        yield server


@pytest.fixture
def settings(studio: StudioServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of an environment that points at the studio."""
    monkeypatch.setenv("DASHSCOPE_HTTP_BASE_URL", studio.base_url)
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-local")
    monkeypatch.setenv("GREENLIGHT_POLL_SECONDS", "0.05")
    return read_settings()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as books:
        yield books


@pytest.fixture
def astronaut() -> Path:
    """A portrait that all four models pass."""
    return SAMPLES / "astronaut.png"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return make_sound(tmp_path / "sound.wav", seconds=1.0)


def make_sound(path: Path, *, seconds: float, rate: int = 8000) -> Path:
    """Write a tone of so many seconds."""
    times = np.arange(int(seconds * rate)) / rate
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((8000 * np.sin(2 * np.pi * 220 * times)).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="session")
def _prefect_server() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=60):
        yield


@pytest.fixture
def prefect_server(_prefect_server: None, tmp_path: Path) -> Iterator[None]:
    """One Prefect server for all tests that need one, with results of each test's own.

    A named block also keeps Prefect from asking its server for one, with a client that it never closes.
    """
    from prefect.filesystems import LocalFileSystem
    from prefect.settings import PREFECT_DEFAULT_RESULT_STORAGE_BLOCK, temporary_settings

    name = f"results-{uuid.uuid4().hex}"
    LocalFileSystem(basepath=str(tmp_path / "results")).save(name)
    with temporary_settings({PREFECT_DEFAULT_RESULT_STORAGE_BLOCK: f"local-file-system/{name}"}):
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests that need the server in one process: it takes 10 s to start."""
    for item in items:
        if "prefect_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("prefect"))
