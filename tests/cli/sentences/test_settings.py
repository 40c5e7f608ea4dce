"""A bad value of each variable."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from greenlight.ledger import Ledger
from tests.cli.sentences.shell import Says
from tests.doctor.test_ledger import held, set_revision

CHECK = "greenlight check anna.png --model emo"


def test_seconds(says: Says) -> None:
    says(
        f"GREENLIGHT_POLL_SECONDS=often {CHECK}",
        f"GREENLIGHT_POLL_SECONDS=0 {CHECK}",
        f"GREENLIGHT_LEASE_SECONDS=-1 {CHECK}",
        f"GREENLIGHT_SETTLE_SECONDS=86400 {CHECK}",
    )


def test_switches_and_amounts(says: Says) -> None:
    says(
        "GREENLIGHT_EXCLUSIVE_ACCOUNT=maybe greenlight reconcile",
        f"GREENLIGHT_MAX_CNY_PER_DAY=much {CHECK}",
        f"GREENLIGHT_MAX_CNY_PER_DAY=-1 {CHECK}",
        f"GREENLIGHT_DELIVERY=pigeon {CHECK}",
    )


def test_misspelled(says: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    # A shell's commands print warnings by this, which the log that pytest keeps would prevent.
    core = logging.getLogger("greenlight")
    monkeypatch.setattr(core, "handlers", [logging.lastResort])
    monkeypatch.setattr(core, "propagate", False)
    says(
        "GREENLIGHT_LEDGR_URL=sqlite:///shared.db greenlight jobs",
        "GREENLIGHT_CURRENCY=EUR greenlight costs",
    )


def test_addresses(says: Says) -> None:
    says(
        f"DASHSCOPE_HTTP_BASE_URL=dashscope.aliyuncs.com {CHECK}",
        f"DASHSCOPE_HTTP_BASE_URL=https://me:secret@dashscope.aliyuncs.com {CHECK}",
        f"DASHSCOPE_HTTP_BASE_URL=https://dashscope.aliyuncs.com:high {CHECK}",
        f"DASHSCOPE_API_KEY=sk-local DASHSCOPE_WORKSPACE=büro {CHECK}",
    )


def test_books_that_cannot_be_opened(says: Says, desk: Path) -> None:
    (desk / "books.db").write_text("this is no database, but long enough to look like one")
    (desk / "folder.db").mkdir()
    says(
        "GREENLIGHT_LEDGER_URL=nonsense greenlight jobs",
        "GREENLIGHT_LEDGER_URL=mysql://me:secret@host/books greenlight costs",
        "GREENLIGHT_LEDGER_URL=sqlite:// greenlight jobs",
        "GREENLIGHT_LEDGER_URL=postgresql://me:secret@127.0.0.1:1/books greenlight jobs",
        "GREENLIGHT_LEDGER_URL=sqlite:///books.db greenlight jobs",
        "GREENLIGHT_LEDGER_URL=sqlite:///folder.db greenlight report",
        "GREENLIGHT_HOME=anna.png/home greenlight jobs",
        "GREENLIGHT_HOME=~nobody-4711/home greenlight jobs",
    )


def test_books_that_another_version_wrote(says: Says, desk: Path) -> None:
    Ledger(f"sqlite:///{desk}/books.db").close()
    set_revision(desk / "books.db", "r9999")
    says("GREENLIGHT_LEDGER_URL=sqlite:///books.db greenlight jobs")


def test_books_that_are_kept_locked(
    says: Says, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.ledger.database.BUSY_SECONDS", 0)
    Ledger(f"sqlite:///{desk}/books.db").close()
    with held(desk / "books.db"):
        says(
            "GREENLIGHT_LEDGER_URL=sqlite:///books.db DASHSCOPE_API_KEY=sk-local "
            "DASHSCOPE_HTTP_BASE_URL=http://127.0.0.1:1 greenlight check anna.png --model emo"
        )
