"""Open a ledger: new, old, newer than the code, and by many at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from greenlight.errors import LedgerError
from greenlight.ledger import JobState, Ledger
from greenlight.ledger.addresses import read_address
from greenlight.ledger.schema import REVISION, VERSION_TABLE, metadata
from tests.ledger.conftest import NewUrl
from tests.ledger.processes import in_processes
from tests.ledger.values import REFUSED, book

FIRST_TABLES = """
CREATE TABLE checks (
    id {id}, key VARCHAR(512) NOT NULL, service VARCHAR(255) NOT NULL, model VARCHAR(128) NOT NULL,
    family VARCHAR(64) NOT NULL, ratio VARCHAR(8) NOT NULL, portrait VARCHAR(128) NOT NULL,
    place TEXT NOT NULL, passed BOOLEAN NOT NULL, verdict TEXT NOT NULL, request_id VARCHAR(128) NOT NULL,
    cost_cny BIGINT NOT NULL, paid_at {time} NOT NULL, flow_run VARCHAR(64) NOT NULL);
CREATE INDEX checks_by_key ON checks (key, id);
CREATE INDEX ix_checks_flow_run ON checks (flow_run);
CREATE TABLE jobs (
    id {id}, key VARCHAR(512) NOT NULL, kind VARCHAR(16) NOT NULL, service VARCHAR(255) NOT NULL,
    model VARCHAR(128) NOT NULL, family VARCHAR(64) NOT NULL, state VARCHAR(16) NOT NULL, brief TEXT NOT NULL,
    flow_run VARCHAR(64) NOT NULL, attempts INTEGER NOT NULL, lease_token VARCHAR(64) NOT NULL,
    lease_until {time} NOT NULL, reserved_at {time} NOT NULL, sent_at {time}, submitted_at {time},
    finished_at {time}, task_id VARCHAR(128), request_id VARCHAR(128) NOT NULL,
    template_id VARCHAR(255), place TEXT, sha256 VARCHAR(64), seconds FLOAT, cost_cny BIGINT,
    code VARCHAR(128) NOT NULL, message TEXT NOT NULL, UNIQUE (key), UNIQUE (task_id));
CREATE INDEX ix_jobs_state ON jobs (state);
CREATE TABLE leases (name VARCHAR(512) NOT NULL PRIMARY KEY, token VARCHAR(64) NOT NULL,
    until {time} NOT NULL);
CREATE TABLE pace (name VARCHAR(512) NOT NULL PRIMARY KEY, next_at {time} NOT NULL);
"""
"""The tables of a ledger from before it knew revisions, as their statements were."""

FIRST_ROWS = """
INSERT INTO checks VALUES (1, 'studio,emo,1,p', 'studio', 'emo-detect-v1', 'emo', '1:1', 'p', 'anna.png',
    false, '{"model": "emo", "passed": false, "request_id": "r-1"}', 'r-1', 4000,
    '2026-11-01 10:00:00.000000', 'run-1');
INSERT INTO jobs VALUES (1, 'studio,abc', 'video', 'studio', 'emo-v1', 'emo', 'succeeded', '{"take": 1}',
    'run-1', 1, 'token', '2026-11-01 10:03:00.000000', '2026-11-01 10:00:00.000000', NULL, NULL, NULL,
    'task-1', 'r-2', NULL, 'anna.mp4', 'ab', 2.5, 200000, '', '');
INSERT INTO jobs VALUES (2, 'studio,def', 'video', 'studio', 'emo-v1', 'emo', 'submitted', '{"take": 2}',
    'run-1', 1, 'token', '2026-11-01 10:03:00.000000', '2026-11-01 10:00:00.000000', NULL, NULL, NULL,
    'task-2', 'r-3', NULL, NULL, NULL, NULL, NULL, '', '');
INSERT INTO leases VALUES ('a', 'token', '2099-01-01 00:00:00.000000');
INSERT INTO pace VALUES ('emo', '2026-11-01 10:00:00.000000');
"""


@contextmanager
def raw(url: str) -> Iterator[Connection]:
    engine = create_engine(read_address(url))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def run(connection: Connection, statements: str) -> None:
    for statement in filter(str.strip, statements.split(";\n")):
        connection.exec_driver_sql(statement)


def revision_of(url: str) -> str:
    with raw(url) as connection:
        return str(
            connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one()
        )


def make_first_ledger(url: str) -> None:
    with raw(url) as connection:
        shared = connection.dialect.name == "postgresql"
        kinds = {
            "id": "SERIAL PRIMARY KEY" if shared else "INTEGER NOT NULL PRIMARY KEY",
            "time": "TIMESTAMP WITH TIME ZONE" if shared else "DATETIME",
        }
        run(connection, FIRST_TABLES.format(**kinds))
        run(connection, FIRST_ROWS)
        if shared:
            run(
                connection, "SELECT setval('checks_id_seq', 1);\nSELECT setval('jobs_id_seq', 2);\n"
            )


def test_the_migrations_make_exactly_the_tables_of_the_code(new_url: NewUrl) -> None:
    url = new_url()
    Ledger(url).close()
    with raw(url) as connection:
        options = {"version_table": VERSION_TABLE, "compare_server_default": True}
        assert (
            compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        )


def test_an_old_ledger_that_is_migrated_has_exactly_the_tables_of_the_code(new_url: NewUrl) -> None:
    url = new_url()
    make_first_ledger(url)
    Ledger(url).close()
    with raw(url) as connection:
        options = {"version_table": VERSION_TABLE, "compare_server_default": True}
        assert (
            compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        )


def test_the_code_names_the_last_revision() -> None:
    config = Config()
    config.set_main_option("script_location", "greenlight.ledger:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_an_old_ledger_keeps_everything_and_works_on(new_url: NewUrl) -> None:
    url = new_url()
    make_first_ledger(url)
    with Ledger(url) as ledger:
        check = ledger.checks.find("studio,emo,1,p")
        assert check is not None
        assert (check.place, check.cost_cny) == ("anna.png", Decimal("0.004"))
        assert check.verdict.request_id == "r-1"
        filmed, waiting = ledger.jobs.find("studio,abc"), ledger.jobs.find("studio,def")
        assert filmed is not None
        assert waiting is not None
        assert (filmed.state, filmed.place, filmed.cost_cny) == (
            JobState.SUCCEEDED,
            "anna.mp4",
            Decimal("0.2"),
        )
        assert ledger.jobs.open_jobs() == [waiting]
        assert ledger.leases.acquire("a", 1) is None
        assert ledger.cost_of_run_cny("run-1") == Decimal("0.204")
        book(ledger, REFUSED)
        assert ledger.jobs.close(waiting.id, JobState.FAILED).state is JobState.FAILED
    assert revision_of(url) == REVISION


def test_a_newer_ledger_is_refused_and_left_alone(new_url: NewUrl) -> None:
    url = new_url()
    Ledger(url).close()
    with raw(url) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0999'"))
    with pytest.raises(LedgerError, match=r"0999.* newer version"):
        Ledger(url)
    assert revision_of(url) == "0999"


def test_a_migration_that_breaks_off_leaves_the_old_ledger(
    new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_url()
    make_first_ledger(url)
    with monkeypatch.context() as patched:
        patched.setattr("alembic.op.add_column", broken)
        with pytest.raises(ZeroDivisionError):
            Ledger(url)
    with raw(url) as connection:
        tables = inspect(connection)
        assert not tables.has_table(VERSION_TABLE)
        assert "outcome" not in {column["name"] for column in tables.get_columns("checks")}
    Ledger(url).close()
    assert revision_of(url) == REVISION


def broken(*_: object) -> None:
    raise ZeroDivisionError


def test_many_threads_open_a_new_ledger_at_once(new_url: NewUrl) -> None:
    url = new_url()
    with ThreadPoolExecutor(8) as pool:
        for ledger in pool.map(lambda _: Ledger(url), range(8)):
            ledger.close()
    assert revision_of(url) == REVISION


@pytest.mark.parametrize("prepare", [lambda _: None, make_first_ledger], ids=["new", "old"])
def test_many_processes_open_a_ledger_at_once(new_url: NewUrl, prepare: NewUrl) -> None:
    url = new_url()
    prepare(url)
    tokens = in_processes(4, open_and_acquire, url)
    assert len([token for token in tokens if token is not None]) == 1


def open_and_acquire(url: str) -> str | None:
    with Ledger(url) as ledger:
        return ledger.leases.acquire("who is first", 60)


def test_a_ledger_that_is_up_to_date_is_opened_without_alembic(ledger_url: str) -> None:
    code = (
        "import json, sys; from greenlight.ledger import Ledger; Ledger(sys.argv[1]).close();"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, ledger_url], check=True, capture_output=True, text=True
    )
    modules = json.loads(answer.stdout)
    assert "sqlalchemy" in modules
    assert not {"alembic", "mako"} & set(modules)
