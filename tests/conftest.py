"""Give every test a home of its own and, where it asks for one, a real studio on loopback."""

from __future__ import annotations

import os
import signal
import uuid
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np
import pytest

from greenlight.ledger import Ledger
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.family import Family
from greenlight.settings import Settings, read_settings
from greenlight.studio.server import StudioServer, StudioSettings
from tests.bucket import NOBODYS_ACCOUNT, SURROUNDINGS, Asked, Bucket, watch_requests
from tests.postgresql import PostgresServer, is_installed, run_server
from tests.prefect_database import QUICK_START, copy_database
from tests.production import Production, produce
from tests.regions import serve_regional_s3
from tests.surroundings import LEASES
from tests.website import Website, serve_website

# What belongs to the developer: a server, a profile, and what is stored for them.
for _name in [name for name in os.environ if name.startswith("PREFECT_")]:
    del os.environ[_name]
PREFECT_HOME = TemporaryDirectory(prefix="greenlight-prefect-")
os.environ |= {
    "PREFECT_HOME": PREFECT_HOME.name,
    # Read by Prefect's server when it starts: nobody is told of a test.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # No test speaks TLS, and each client would read all the world's authorities for 20 ms.
    "SSL_CERT_FILE": str(Path(__file__).parent / "fixtures" / "nobody.pem"),
}

# A shell lets what it starts in the background ignore Ctrl-C, and all programs of a test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

SAMPLES = Path(__file__).parents[1] / "samples"
UNASKED = ("EVENT_PERSISTER", "TRIGGERS", "SCHEDULER", "LATE_RUNS", "FOREMAN", "PAUSE_EXPIRATIONS")
"""Services of Prefect's server that are of no concern where flows run in the test's own process."""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's own key, books and buckets out of the tests, and every test's own too."""
    for name in list(os.environ):
        if name.startswith(("GREENLIGHT_", "DASHSCOPE_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GREENLIGHT_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def _running_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    settings = StudioSettings(
        home=tmp_path_factory.mktemp("studio"),
        rate_per_second=1000,
        task_requests_per_second=1000,
        job_seconds=0.05,
    )
    with StudioServer(settings) as server:
        yield server


@pytest.fixture
def studio(_running_studio: StudioServer) -> StudioServer:
    """A studio that knows nothing yet, quick and without a rate limit in the way."""
    httpx.post(f"{_running_studio.url}/_studio/reset").raise_for_status()
    return _running_studio


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for all tests of this process; they are skipped where it is not installed."""
    if not is_installed():
        pytest.skip("PostgreSQL is not installed")
    with run_server() as server:
        yield server


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


@pytest.fixture
def lips() -> Iterator[Family]:
    """Let the catalog have a family that films a clip."""
    from tests.endtoend.shapes.lips_value import LIPS

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "FAMILIES", (*catalog.FAMILIES, LIPS))
        catalog.families.cache_clear()
        yield LIPS
    catalog.families.cache_clear()


@pytest.fixture
async def client(studio: StudioServer) -> AsyncIterator[ModelStudio]:
    """A client of this test's studio."""
    async with ModelStudio("sk-local", base_url=studio.base_url) as connected:
        yield connected


@pytest.fixture
async def production(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path
) -> Production:
    return await produce(client, ledger, astronaut, sound)


@pytest.fixture
def website() -> Iterator[Website]:
    with serve_website() as served:
        yield served


@pytest.fixture(scope="session")
def _s3_url() -> Iterator[str]:
    """One S3 for all tests of this process that need one."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(_s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket, which boto3's own chain of settings leads to."""
    from greenlight.aws.clients import aws_client

    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for name, value in (SURROUNDINGS | NOBODYS_ACCOUNT | {"AWS_ENDPOINT_URL": _s3_url}).items():
        monkeypatch.setenv(name, value)
    made = Bucket(f"portraits-{uuid.uuid4().hex}", aws_client("s3"))
    made.client.create_bucket(Bucket=made.name)
    return made


@pytest.fixture
def bucket_abroad(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket in ap-southeast-1, while AWS_DEFAULT_REGION is us-east-1, of an S3 that minds it."""
    from greenlight.aws.clients import aws_client

    with serve_regional_s3() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        made = Bucket(f"{bucket.name}-abroad", aws_client("s3"))
        made.client.create_bucket(
            Bucket=made.name,
            CreateBucketConfiguration={"LocationConstraint": "ap-southeast-1"},
        )
        yield made


@pytest.fixture
def requests(bucket: Bucket) -> Iterator[list[Asked]]:
    """The requests that this process sends to S3 from now on."""
    with watch_requests(bucket.client) as sent:
        yield sent


@pytest.fixture(scope="session")
def _prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness

    database = tmp_path_factory.mktemp("database")
    copy_database(database / "prefect-test.db")
    with ExitStack() as exits:
        # As the documents start one; the leases' files lie in Prefect's home.
        with pytest.MonkeyPatch.context() as surroundings:
            surroundings.setenv("PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", LEASES)
            surroundings.setenv("PREFECT_SERVER_UI_ENABLED", "false")
            for name, value in QUICK_START.items():
                surroundings.setenv(name, value)
            # What works beside the answers takes a third of the server's time, and no test here asks for it.
            for service in UNASKED:
                surroundings.setenv(f"PREFECT_SERVER_SERVICES_{service}_ENABLED", "false")
            # It asks for an empty folder, and its server makes the tables there.
            surroundings.setattr("prefect.testing.utilities.mkdtemp", lambda: str(database))
            exits.enter_context(prefect_test_harness(server_startup_timeout=60))
        yield


@pytest.fixture
def prefect_server(_prefect_server: None, tmp_path: Path) -> Iterator[None]:
    """One Prefect server for all tests of a process that need one, with results of each test's own.

    A named block also keeps Prefect from asking its server for one, with a client that it never closes.
    """
    from prefect.filesystems import LocalFileSystem
    from prefect.settings import PREFECT_DEFAULT_RESULT_STORAGE_BLOCK, temporary_settings

    name = f"results-{uuid.uuid4().hex}"
    LocalFileSystem(basepath=str(tmp_path / "results")).save(name)
    with temporary_settings({PREFECT_DEFAULT_RESULT_STORAGE_BLOCK: f"local-file-system/{name}"}):
        yield
