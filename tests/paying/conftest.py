"""Pay for a check and for a video in the same way, out of books in either database."""

from __future__ import annotations

import abc
import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select

from greenlight.ledger import JobState, Ledger
from greenlight.ledger.schema import checks, jobs
from greenlight.media.portraits import Portrait, examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.question import Question
from greenlight.screening.screener import Screener
from greenlight.studio.server import StudioServer
from tests.ledger.conftest import (  # noqa: F401 - fixtures
    _postgres_ledger,
    _sqlite_template,
    ledger_url,
)
from tests.postgresql import PostgresServer
from tests.production import Production, produce
from tests.steering import received

EMO = catalog.family("emo")
SECONDS = 60.0


class Paid(abc.ABC):
    """Something that is paid for once."""

    endpoint: str
    """Where the paying request goes, as the studio counts it."""
    client: ModelStudio
    ledger: Ledger

    @property
    @abc.abstractmethod
    def pace(self) -> str:
        """Return the name of the pace that its request waits for."""

    @abc.abstractmethod
    async def pay(self) -> object:
        """Pay for it, unless it is in the books."""

    @abc.abstractmethod
    def is_booked(self) -> bool:
        """Whether its answer is in the books."""

    @abc.abstractmethod
    def is_free(self) -> bool:
        """Whether the books say that it cost nothing, so that it may be sent (again)."""

    @property
    def rows(self) -> int:
        """Return how many requests the books know of."""
        with self.ledger._database.reading() as connection:
            counts = (select(func.count()).select_from(table) for table in (checks, jobs))
            return sum(int(connection.execute(one).scalar_one()) for one in counts)


class PaidCheck(Paid):
    """A portrait that is checked."""

    endpoint = "check"

    def __init__(self, studio: ModelStudio, ledger: Ledger, portrait: Portrait) -> None:
        self.client, self.ledger, self.portrait = studio, ledger, portrait
        self.screener = Screener(client=studio, ledger=ledger)

    @property
    def pace(self) -> str:
        return f"{self.client.service} {EMO.check.model.id}"

    async def pay(self) -> object:
        return await self.screener.screen(self.portrait, EMO)

    def is_booked(self) -> bool:
        key = self.screener._new_check(self.portrait, Question.of(EMO)).key
        return self.ledger.checks.find(key) is not None

    def is_free(self) -> bool:
        return self.rows == 0


class PaidJob(Paid):
    """A video that is ordered."""

    endpoint = "create"

    def __init__(self, production: Production) -> None:
        self.production = production
        self.client, self.ledger = production.client, production.filmer.ledger

    @property
    def pace(self) -> str:
        return f"{self.client.service} liveportrait"

    async def pay(self) -> object:
        return await self.production.submit()

    def is_booked(self) -> bool:
        job = self.ledger.jobs.find(self.production.key)
        return job is not None and job.state is JobState.SUBMITTED

    def is_free(self) -> bool:
        job = self.production.booked()
        return job.may_be_ordered_again and job.sent_at is None and not job.cost_cny


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def ledger(ledger_url: str, home: Path) -> Iterator[Ledger]:  # noqa: F811
    with Ledger(ledger_url, home=home) as books:
        yield books


@pytest.fixture(params=["check", "job"])
async def paid(
    request: pytest.FixtureRequest,
    client: ModelStudio,
    ledger: Ledger,
    astronaut: Path,
    sound: Path,
) -> Paid:
    if request.param == "check":
        return PaidCheck(client, ledger, await examine(str(astronaut)))
    return PaidJob(await produce(client, ledger, astronaut, sound))


async def until(is_so: Callable[[], object]) -> None:
    """Wait in a thread until something is so."""
    async with asyncio.timeout(SECONDS):
        while not await asyncio.to_thread(is_so):
            await asyncio.sleep(0.01)


async def until_received(studio: StudioServer, paid: Paid) -> None:
    """Wait until the paying request is at the studio."""
    await until(lambda: received(studio, paid.endpoint))


class Absence(abc.ABC):
    """A ledger that nobody can write, from when it goes until it comes back."""

    @abc.abstractmethod
    def go(self) -> None:
        """Be away from now on."""

    @abc.abstractmethod
    def come_back(self) -> None:
        """Be there again."""


class Locked(Absence):
    """A file that another process keeps locked."""

    def __init__(self, url: str) -> None:
        self._file = url.removeprefix("sqlite:///")
        self._other: sqlite3.Connection | None = None

    def go(self) -> None:
        self._other = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        self._other.execute("PRAGMA busy_timeout = 30000")
        self._other.execute("BEGIN IMMEDIATE")

    def come_back(self) -> None:
        if self._other is not None:
            self._other.execute("ROLLBACK")
            self._other.close()
            self._other = None


class Unreachable(Absence):
    """A server that ends every connection and takes no new one."""

    def __init__(self, url: str, server: PostgresServer) -> None:
        self._name, self._server = url.rsplit("/", 1)[-1], server

    def go(self) -> None:
        self._server.run(f"ALTER DATABASE {self._name} WITH ALLOW_CONNECTIONS false")
        ended = b"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            connection.execute(ended, [self._name])

    def come_back(self) -> None:
        self._server.run(f"ALTER DATABASE {self._name} WITH ALLOW_CONNECTIONS true")


@pytest.fixture
def absence(
    ledger_url: str,  # noqa: F811
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Absence]:
    """What makes the ledger go away; it is back when the test ends."""
    monkeypatch.setattr("greenlight.ledger.database.BUSY_SECONDS", 1)
    if ledger_url.startswith("sqlite"):
        away: Absence = Locked(ledger_url)
    else:
        away = Unreachable(ledger_url, request.getfixturevalue("postgres"))
    yield away
    away.come_back()
