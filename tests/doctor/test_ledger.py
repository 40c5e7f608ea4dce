"""Looking at a ledger without changing it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from greenlight.doctor.findings import Finding, State
from greenlight.doctor.ledger import examine_ledger
from greenlight.errors import LedgerError
from greenlight.ledger import Ledger
from greenlight.ledger.schema import REVISION, VERSION_TABLE
from tests.postgresql import PASSWORD, PostgresServer

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("holds", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Let another process have begun to write, and not end."""
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"holds\n"
        yield
        process.kill()


def look(url: str) -> Finding:
    (found,) = examine_ledger(url, seconds=60)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a ledger that nobody has open."""
    file = tmp_path / "books.db"
    Ledger(f"sqlite:///{file}").close()
    return file


def set_revision(file: Path, revision: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = ?", [revision])


def test_a_ledger_that_can_be_written_is_fine(file: Path) -> None:
    found = look(f"sqlite:///{file}")
    assert (found.state, found.sentence) == (State.OK, f"sqlite:///{file} can be written")


def test_a_ledger_that_another_process_writes_to_is_locked(file: Path) -> None:
    with held(file):
        found = look(f"sqlite:///{file}")
    assert found.state is State.BROKEN
    assert "is locked by another process" in found.sentence
    assert "stop the process that locks it" in str(found.advice)
    assert look(f"sqlite:///{file}").state is State.OK


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = look(f"sqlite:///{tmp_path}/home/books.db")
    assert found.state is State.OK
    assert "does not exist yet" in found.sentence
    assert not (tmp_path / "home").exists()


def test_a_ledger_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    found = look(f"sqlite:///{tmp_path}/home/books.db")
    assert found.state is State.BROKEN
    assert "cannot be made" in found.sentence


def test_tables_of_a_newer_version_are_named(file: Path) -> None:
    set_revision(file, "9999")
    found = look(f"sqlite:///{file}")
    assert found.state is State.BROKEN
    assert "revision 9999, which this version of Greenlight does not know" in found.sentence


def test_tables_of_an_older_version_stay_as_they_are(file: Path) -> None:
    set_revision(file, "0001")
    for _ in range(2):
        found = look(f"sqlite:///{file}")
        assert found.state is State.OK
        assert f"revision 0001; they are brought to {REVISION}" in found.sentence


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "books.db"
    file.write_bytes(b"not a database, whatever its name says" * 100)
    found = look(f"sqlite:///{file}")
    assert found.state is State.BROKEN
    assert "is not a database, or is damaged" in found.sentence


def test_an_address_that_is_none_is_an_error_of_the_ledgers_own() -> None:
    with pytest.raises(LedgerError, match="is not a database address"):
        look("books")


def test_a_shared_ledger_is_told_from_one_that_is_locked(postgres: PostgresServer) -> None:
    url = postgres.make_database()
    assert "has no tables yet" in look(url).sentence
    Ledger(url).close()
    assert look(url).state is State.OK
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        found = look(url)
    assert found.state is State.BROKEN
    assert "is locked by another process" in found.sentence
    assert PASSWORD not in found.sentence + found.advice


def test_a_shared_ledger_refuses_a_wrong_password(postgres: PostgresServer) -> None:
    found = look(postgres.url("postgres", password="wrong"))
    assert found.state is State.BROKEN
    assert "refuses the user or the password" in found.sentence
