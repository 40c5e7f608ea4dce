"""Jobs, costs and the report, out of books that hold something and out of empty ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from greenlight.ledger import JobState
from greenlight.settings import Settings
from tests.cli.books import ambiguous, ended, reserved, submitted
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says


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
