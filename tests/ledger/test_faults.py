"""What is wrong with the database is one sentence, and never shows its password."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenlight.errors import LedgerError
from greenlight.ledger import Ledger
from greenlight.ledger.database import Database
from tests.ledger.processes import holding_process
from tests.ledger.values import claim
from tests.postgresql import PASSWORD, PostgresServer


def fault(url: str) -> str:
    with pytest.raises(LedgerError) as caught:
        Ledger(url)
    told = caught.value.text()
    assert "\n" not in told
    return told


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("this is no database, but long enough to look like one")
    told = fault(f"sqlite:///{tmp_path / 'ledger.db'}")
    assert "is not a database" in told
    assert "GREENLIGHT_HOME" in told


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "folder" in fault(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}")


@pytest.mark.parametrize(
    "address",
    [
        "not an address",
        "mysql://me:s3cret@host/books",
        "postgresql://me:s3cret@host:port/books",
        "postgresql://me:s3c/ret@host/books",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_an_address_that_is_none(address: str) -> None:
    told = fault(address)
    assert "GREENLIGHT_LEDGER_URL" in told
    assert "s3c" not in told


def test_a_locked_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenlight.ledger.database.BUSY_SECONDS", 0)
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match=r"locked by another process; try again"):
            ledger.leases.acquire("a", 60)
        other.execute("COMMIT")
        other.close()
        assert ledger.leases.acquire("a", 60) is not None


INTO_LEASES = "INSERT INTO leases (name, token, until) VALUES"


def test_a_full_disk_loses_nothing_that_was_written(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    with database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.exec_driver_sql(f"{INTO_LEASES} ('a', 't', '2026-01-01 00:00:00')")
    with pytest.raises(LedgerError, match=r"no space left on its disk"):
        write_much(database)
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT name FROM leases").scalars().all() == ["a"]
    database.close()


def write_much(database: Database) -> None:
    with database.writing() as connection:
        for number in range(1000):
            row = f"('{number}{'x' * 400}', 't', '2026-01-01 00:00:00')"
            connection.exec_driver_sql(f"{INTO_LEASES} {row}")


def test_a_postgresql_that_does_not_run(postgres: PostgresServer) -> None:
    told = fault(f"postgresql://me:{PASSWORD}@127.0.0.1:1/books")
    assert "postgresql://me:***@127.0.0.1:1/books cannot be reached" in told
    assert PASSWORD not in told


def test_a_wrong_password(postgres: PostgresServer) -> None:
    told = fault(postgres.url("postgres", password="s3cret"))
    assert "refuses the user or the password" in told
    assert "s3cret" not in told


def test_a_database_that_is_not_there(postgres: PostgresServer) -> None:
    assert 'database "nobody" does not exist' in fault(postgres.url("nobody"))


def test_a_database_that_comes_back_is_used_again(postgres: PostgresServer) -> None:
    with Ledger(postgres.make_database()) as ledger:
        held = claim(ledger, "a")
        postgres.disconnect_everybody()
        assert ledger.leases.renew(held)


def hold_a_transaction(url: str) -> Iterator[None]:
    with Database(url).writing("lease a") as connection:
        connection.exec_driver_sql("DELETE FROM leases")
        yield


def test_a_process_that_dies_in_a_transaction_holds_nobody_up(ledger_url: str) -> None:
    with holding_process(hold_a_transaction, ledger_url) as kill:
        kill()
        with Ledger(ledger_url) as ledger:
            assert ledger.leases.acquire("a", 60) is not None
