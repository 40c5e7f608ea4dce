"""Whose clock decides: the database's where machines share it, this machine's for a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from greenlight.ledger import Ledger
from tests.postgresql import PostgresServer

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.fixture
def _machine_that_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenlight.ledger.database.now", lambda: LONG_AGO)


@pytest.mark.usefixtures("_machine_that_goes_wrong")
def test_a_file_goes_by_this_machines_clock(ledger: Ledger, ledger_url: str) -> None:
    is_file = ledger_url.startswith("sqlite")
    assert (ledger.now() == LONG_AGO) is is_file


def test_a_machine_that_goes_wrong_takes_no_lease_of_a_shared_ledger(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger(postgres.make_database()) as ledger:
        ledger.leases.acquire("a", 60)
        ahead = datetime.now(UTC) + timedelta(hours=1)
        monkeypatch.setattr("greenlight.ledger.database.now", lambda: ahead)
        assert ledger.leases.acquire("a", 60) is None


def test_times_are_read_as_utc_whatever_zone_the_server_keeps(postgres: PostgresServer) -> None:
    url = postgres.make_database()
    postgres.run(f"ALTER DATABASE {url.rsplit('/', 1)[-1]} SET timezone = 'Asia/Shanghai'")
    with Ledger(url) as ledger:
        assert ledger.now().utcoffset() == timedelta(0)
        assert abs(ledger.now() - datetime.now(UTC)) < timedelta(minutes=1)
