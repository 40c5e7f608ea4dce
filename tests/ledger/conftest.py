"""Run every test of the books on both databases, with a clock that a test may stop and turn."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from greenlight.ledger import Ledger
from greenlight.ledger.schema import metadata
from tests.postgresql import PostgresServer

NewUrl = Callable[[], str]


@dataclass
class Clock:
    """A clock that stands still until it is turned."""

    at: datetime = field(default=datetime(2026, 11, 20, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.at

    def turn(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Makes addresses of empty databases."""
    if request.param == "sqlite":
        names = iter(range(1_000_000))
        return lambda: f"sqlite:///{tmp_path / f'ledger-{next(names)}.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.make_database


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    Ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def _postgres_ledger(postgres: PostgresServer) -> str:
    url = postgres.make_database()
    Ledger(url).close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty ledger that has its tables already: that is quicker than a migration."""
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
        return f"sqlite:///{path}"
    url = str(request.getfixturevalue("_postgres_ledger"))
    with psycopg.connect(url) as connection:
        for table in metadata.tables:
            connection.execute(f"DELETE FROM {table}".encode())
    return url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with Ledger(ledger_url) as books:
        yield books


@pytest.fixture
def timed(ledger_url: str, clock: Clock) -> Iterator[Ledger]:
    """A ledger that goes by the test's own clock."""
    with Ledger(ledger_url, clock=clock) as books:
        yield books
