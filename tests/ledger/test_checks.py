"""Paid checks in the books."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from greenlight.errors import LedgerError
from greenlight.ledger import BookedCheck, Ledger
from greenlight.ledger.checks import check_key
from greenlight.modelstudio.emo import EmoVerdict
from greenlight.modelstudio.family import Verdict
from greenlight.modelstudio.wan_s2v import WanS2vVerdict


def paid(verdict: Verdict, *, service: str = "studio:80", **fields: str) -> BookedCheck:
    values = {"model": "emo-detect-v1", "ratio": "1:1", "portrait": "sha256-ab", "place": "a.png"}
    return BookedCheck(
        service=service, verdict=verdict, cost_cny=Decimal("0.004"), **(values | fields)
    )


PASSED = EmoVerdict(
    passed=True, face_bbox=(302, 286, 610, 593), ext_bbox=(71, 9, 840, 778), request_id="r-1"
)


def test_a_booked_verdict_is_found_again_with_its_boxes(ledger: Ledger) -> None:
    ledger.checks.book(paid(PASSED))
    found = ledger.checks.find(check_key("studio:80", "emo-detect-v1", "1:1", "sha256-ab"))
    assert found is not None
    assert found.verdict == PASSED
    assert found.cost_cny == Decimal("0.004")


def test_a_refusal_is_booked_like_a_pass(ledger: Ledger) -> None:
    refusal = WanS2vVerdict(passed=False, humanoid=True)
    check = paid(refusal, model="wan2.2-s2v-detect")
    ledger.checks.book(check)
    found = ledger.checks.find(check.key)
    assert found is not None
    assert found.verdict == refusal


@pytest.mark.parametrize(
    "other",
    [
        ("elsewhere:443", "emo-detect-v1", "1:1", "sha256-ab"),
        ("studio:80", "my-deployment", "1:1", "sha256-ab"),
        ("studio:80", "emo-detect-v1", "3:4", "sha256-ab"),
        ("studio:80", "emo-detect-v1", "1:1", "sha256-cd"),
        ("studio:80+workspace", "emo-detect-v1", "1:1", "sha256-ab"),
    ],
)
def test_another_service_model_ratio_or_portrait_is_another_check(
    ledger: Ledger, other: tuple[str, str, str, str]
) -> None:
    ledger.checks.book(paid(PASSED))
    assert ledger.checks.find(check_key(*other)) is None


def test_of_two_paid_verdicts_the_newest_counts(ledger: Ledger) -> None:
    ledger.checks.book(paid(PASSED))
    newest = EmoVerdict(passed=False, code="InvalidFile.NoHuman")
    ledger.checks.book(paid(newest))
    found = ledger.checks.find(paid(PASSED).key)
    assert found is not None
    assert found.verdict == newest


def test_a_key_can_be_taken_apart_whatever_its_parts_hold() -> None:
    assert check_key("a,b", "c", None, "d") != check_key("a", "b,c", None, "d")
    assert "/" not in check_key("[::1]:80+a/b", "emo", "3:4", "sha256-ab")


def test_the_books_outlive_the_process_that_wrote_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new folder' / 'ledger.db'}"
    with Ledger(url) as ledger:
        ledger.checks.book(paid(PASSED))
    with Ledger(url) as ledger:
        assert ledger.checks.find(paid(PASSED).key) is not None


def test_the_costs_of_a_run_are_summed_exactly(ledger: Ledger) -> None:
    for number in range(3):
        check = paid(PASSED, portrait=f"sha256-{number}", flow_run="run-1")
        ledger.checks.book(check)
    ledger.checks.book(paid(PASSED, portrait="sha256-x", flow_run="run-2"))
    assert ledger.cost_of_run_cny("run-1") == Decimal("0.012")
    assert ledger.cost_of_run_cny("nobody") == 0


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("this is no database, but long enough to look like one")
    with pytest.raises(LedgerError, match="GREENLIGHT_HOME"):
        Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_an_address_that_is_none_is_one_sentence() -> None:
    with pytest.raises(LedgerError, match="GREENLIGHT_LEDGER_URL"):
        Ledger("not an address")


def test_the_database_file_is_in_wal_mode(tmp_path: Path) -> None:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}"):
        connection = sqlite3.connect(tmp_path / "ledger.db")
        try:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        finally:
            connection.close()
