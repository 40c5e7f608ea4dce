"""Paid checks in the books."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from greenlight.ledger import Ledger
from greenlight.ledger.checks import check_key
from greenlight.modelstudio.families.wan_s2v import WanS2vVerdict
from tests.ledger.values import (
    CHECK,
    PASSED,
    PRICE,
    REFUSED,
    answer,
    begin,
    begin_check,
    book,
    claim,
)


def outcomes(ledger: Ledger) -> dict[str, Decimal]:
    return {cost.outcome: cost.cost_cny for cost in ledger.costs.by_outcome()}


def test_a_booked_verdict_is_found_again_with_its_boxes(ledger: Ledger) -> None:
    book(ledger, PASSED)
    found = ledger.checks.find(check_key("studio:80", "emo-detect-v1", "1:1", "sha256-ab"))
    assert found is not None
    assert found.verdict == PASSED
    assert found.cost_cny == PRICE


def test_a_refusal_is_booked_like_a_pass(ledger: Ledger) -> None:
    refusal = WanS2vVerdict(passed=False, humanoid=True)
    found = ledger.checks.find(book(ledger, refusal, model="wan2.2-s2v-detect"))
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
    book(ledger, PASSED)
    assert ledger.checks.find(check_key(*other)) is None


def test_what_passed_is_found_whatever_deployment_was_asked(ledger: Ledger) -> None:
    for model, verdict in (("emo-detect-v1", REFUSED), ("mine", PASSED), ("later", REFUSED)):
        book(ledger, verdict, model=model)
    found = ledger.checks.find_passed("studio:80", "emo", "1:1", "sha256-ab")
    assert found is not None
    assert (found.model, found.verdict) == ("mine", PASSED)
    assert ledger.checks.find_passed("studio:80", "emo", "3:4", "sha256-ab") is None
    assert ledger.checks.find_passed("studio:80", "liveportrait", None, "sha256-ab") is None


def test_of_two_paid_verdicts_the_newest_counts(ledger: Ledger) -> None:
    for verdict in (PASSED, REFUSED):
        book(ledger, verdict)
    found = ledger.checks.find(CHECK.key)
    assert found is not None
    assert found.verdict == REFUSED


def test_an_answered_check_is_found_with_what_it_cost(ledger: Ledger) -> None:
    check_id = begin_check(ledger, replace(CHECK, flow_run="run-1"))
    assert ledger.checks.find(CHECK.key) is None
    answer(ledger, check_id, PASSED, Decimal("0.003"))
    found = ledger.checks.find(CHECK.key)
    assert found is not None
    assert (found.verdict, found.cost_cny, found.flow_run) == (PASSED, Decimal("0.003"), "run-1")
    assert outcomes(ledger) == {"passed": Decimal("0.003")}


def test_a_check_whose_answer_was_lost_counts_with_its_price(ledger: Ledger) -> None:
    ledger.checks.uncertain(begin_check(ledger, replace(CHECK, flow_run="run-1")))
    assert ledger.checks.find(CHECK.key) is None
    assert outcomes(ledger) == {"uncertain": PRICE}
    assert ledger.cost_of_run_cny("run-1") == PRICE


def test_a_check_that_a_dead_holder_sent_is_uncertain(ledger: Ledger) -> None:
    begin_check(ledger, CHECK)
    answer(ledger, begin_check(ledger), REFUSED, PRICE)
    assert outcomes(ledger) == {"uncertain": PRICE, "refused": PRICE}


def test_a_late_answer_ends_the_doubt(ledger: Ledger) -> None:
    check_id = begin_check(ledger, CHECK)
    ledger.checks.uncertain(check_id)
    answer(ledger, check_id, PASSED, PRICE)
    ledger.checks.uncertain(check_id)
    assert outcomes(ledger) == {"passed": PRICE}


def test_a_check_that_was_answered_with_an_error_cost_nothing(ledger: Ledger) -> None:
    ledger.checks.not_paid(begin_check(ledger, CHECK))
    assert outcomes(ledger) == {}


def test_a_verdict_on_what_lay_there_no_longer_is_paid_and_never_found(ledger: Ledger) -> None:
    book(ledger, REFUSED)
    check_id = begin_check(ledger, replace(CHECK, flow_run="run-1"))
    answer(ledger, check_id, PASSED, Decimal("0.003"), usable=False)
    ledger.checks.not_paid(check_id)
    ledger.checks.uncertain(check_id)
    found = ledger.checks.find(CHECK.key)
    assert found is not None
    assert found.verdict == REFUSED
    assert outcomes(ledger) == {"refused": PRICE, "stale": Decimal("0.003")}
    assert ledger.cost_of_run_cny("run-1") == Decimal("0.003")


def test_a_verdict_counts_once_its_content_was_seen_to_be_there_still(ledger: Ledger) -> None:
    check_id = begin_check(ledger)
    answer(ledger, check_id, PASSED, PRICE, usable=False)
    ledger.checks.confirm(check_id, request_id=PASSED.request_id)
    found = ledger.checks.find(CHECK.key)
    assert found is not None
    assert found.verdict == PASSED


def test_what_is_booked_late_says_nothing_of_a_check_with_the_same_number(ledger: Ledger) -> None:
    """SQLite gives a number again whose row was deleted."""
    first = claim(ledger, f"check {CHECK.key}")
    check_id = begin(ledger, CHECK, claim=first)
    ledger.checks.not_paid(check_id, token=first.token)
    ledger.leases.release(first)
    second = claim(ledger, f"check {CHECK.key}")
    again = begin(ledger, CHECK, claim=second)
    for number in (check_id, again):
        ledger.checks.not_paid(number, token=first.token)
        ledger.checks.uncertain(number, token=first.token)
        verdict = REFUSED.model_dump(mode="json")
        ledger.checks.answered(number, token=first.token, verdict=verdict, cost_cny="1")
    assert ledger.checks.find(CHECK.key) is None
    verdict = PASSED.model_dump(mode="json")
    ledger.checks.answered(again, token=second.token, verdict=verdict, cost_cny="0.004")
    assert outcomes(ledger) == {"passed": PRICE}


def test_an_answer_that_is_booked_again_changes_nothing(ledger: Ledger) -> None:
    check_id = begin_check(ledger)
    answer(ledger, check_id, PASSED, PRICE)
    answer(ledger, check_id, REFUSED, PRICE, usable=False)
    found = ledger.checks.find(CHECK.key)
    assert found is not None
    assert found.verdict == PASSED


def test_an_answered_check_stays_in_the_books(ledger: Ledger) -> None:
    check_id = begin_check(ledger, CHECK)
    answer(ledger, check_id, PASSED, PRICE)
    ledger.checks.not_paid(check_id)
    assert ledger.checks.find(CHECK.key) is not None


def test_many_checks_are_found_at_once_each_with_its_newest_verdict(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.ledger.checks.KEYS_AT_ONCE", 3)
    keys = [book(ledger, PASSED, portrait=f"sha256-{number}") for number in range(7)]
    book(ledger, REFUSED, portrait="sha256-4")
    begin_check(ledger, CHECK)
    found = ledger.checks.find_many([*keys, CHECK.key, "nobody's"])
    assert set(found) == set(keys)
    assert [key for key, check in found.items() if not check.verdict.passed] == [keys[4]]


def test_a_thousand_keys_are_asked_for_with_one_query(ledger: Ledger) -> None:
    book(ledger, PASSED)
    keys = [f"{CHECK.key}{number}" for number in range(999)]
    assert set(ledger.checks.find_many([*keys, CHECK.key])) == {CHECK.key}


def test_a_key_can_be_taken_apart_whatever_its_parts_hold() -> None:
    assert check_key("a,b", "c", None, "d") != check_key("a", "b,c", None, "d")
    assert "/" not in check_key("[::1]:80+a/b", "emo", "3:4", "sha256-ab")


def test_the_books_outlive_the_process_that_wrote_them(ledger_url: str) -> None:
    with Ledger(ledger_url) as ledger:
        book(ledger, PASSED)
    with Ledger(ledger_url) as ledger:
        assert ledger.checks.find(CHECK.key) is not None


def test_a_new_ledger_makes_its_folder_and_a_file_in_wal_mode(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "ledger.db"
    with Ledger(f"sqlite:///{path}"):
        connection = sqlite3.connect(path)
        try:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        finally:
            connection.close()


def test_the_costs_of_a_run_are_summed_exactly(ledger: Ledger) -> None:
    for number in range(3):
        book(ledger, PASSED, portrait=f"sha256-{number}", flow_run="run-1")
    book(ledger, PASSED, portrait="sha256-x", flow_run="run-2")
    assert ledger.cost_of_run_cny("run-1") == Decimal("0.012")
    assert ledger.cost_of_run_cny("nobody") == 0
