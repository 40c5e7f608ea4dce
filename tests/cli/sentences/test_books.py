"""Jobs, costs and the report, out of books that hold something and out of empty ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from greenlight.ledger import JobState, Ledger
from greenlight.settings import Settings
from tests.cli.books import ambiguous, ended, in_books, no_room, reserved, submitted
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says
from tests.postgresql import PostgresServer

WRITE_VERSION_AT = 18
"""Where a SQLite file says what is needed to write it; above 2 it can only be read."""
STOOD_STILL = """
CREATE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'terminating connection due to idle-in-transaction timeout' USING ERRCODE = '25P03';
END $$
"""


def test_empty_books(says: Says) -> None:
    says(
        "greenlight jobs",
        "greenlight jobs --state failed",
        "greenlight jobs --json",
        "greenlight costs",
        "greenlight costs --since 2199-01-01",
        "greenlight report",
    )


def test_jobs(says: Says, settings: Settings) -> None:
    ambiguous(settings, seconds_ago=60)
    submitted(settings, "task-2")
    reserved(settings, "/photos/anna.png")
    film = {"place": "/videos/anna.mp4", "sha256": "ab" * 32, "seconds": 1.0}
    ended(settings, 4, JobState.SUCCEEDED, **film, cost_cny=Decimal("0.08"))
    ended(settings, 5, JobState.FAILED, code="InternalError", message="The model failed.")
    ended(settings, 6, JobState.CANCELED)
    ended(settings, 7, JobState.EXPIRED, message="the vendor forgets a task after 24 hours")
    says(
        "greenlight jobs",
        "greenlight jobs --state failed --state canceled",
        "greenlight jobs --limit 1",
        "greenlight jobs --limit 1 --json",
    )


def test_costs(says: Says, settings: Settings, greenlight: Greenlight) -> None:
    greenlight("check", "anna.png", "two.jpg", "--model", "emo")
    submitted(settings, "task-2")
    ambiguous(settings)
    says("greenlight costs", "greenlight costs --json")


@pytest.mark.usefixtures("settings")
def test_report(says: Says, greenlight: Greenlight, desk: Path) -> None:
    greenlight("check", "anna.png", "--model", "emo")
    says(
        "greenlight report",
        "greenlight report --since 2199-01-01 --out pages/report.html",
        "greenlight report --out .",
        "greenlight report --out anna.png/report.html",
    )
    assert (desk / "pages" / "report.html").is_file()


def test_no_room_for_a_line(says: Says, settings: Settings) -> None:
    in_books(settings, *no_room("BEFORE INSERT ON checks"))
    says("greenlight check anna.png --model emo", "greenlight jobs")


def test_a_file_that_may_not_be_written(says: Says, settings: Settings) -> None:
    in_books(settings)
    with (settings.home / "ledger.db").open("r+b") as file:
        file.seek(WRITE_VERSION_AT)
        file.write(b"\x03")
    says("greenlight check anna.png --model emo", "greenlight jobs")


def test_a_network_drive(says: Says, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = desk / "mountinfo"
    mounts.write_text(f"36 35 0:40 / {desk} rw,relatime shared:1 - nfs4 server:/team rw,vers=4.2\n")
    monkeypatch.setattr("greenlight.ledger.mounts.MOUNTS", mounts)
    says("greenlight jobs")


def test_shared_books(says: Says, postgres: PostgresServer, settings: Settings) -> None:
    postgres.run("CREATE DATABASE shared TEMPLATE template0")
    postgres.run("CREATE ROLE reader LOGIN PASSWORD 'secret'")
    books = postgres.url("shared")
    Ledger(books).close()
    with psycopg.connect(books, autocommit=True) as connection:
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        connection.execute(STOOD_STILL)
        connection.execute(
            "CREATE TRIGGER stood_still BEFORE INSERT ON pace EXECUTE FUNCTION stand_still()"
        )
    at = f"127.0.0.1:{postgres.port}/shared"
    says(
        f"GREENLIGHT_LEDGER_URL=postgresql://anna:secret@{at} greenlight jobs",
        f"GREENLIGHT_LEDGER_URL=postgresql://reader:secret@{at} greenlight jobs",
        f"GREENLIGHT_LEDGER_URL=postgresql://reader:secret@{at} greenlight check anna.png --model emo",
        f"GREENLIGHT_LEDGER_URL={books} greenlight check anna.png --model emo",
    )
