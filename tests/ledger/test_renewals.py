"""How often a verdict was renewed."""

from __future__ import annotations

from greenlight.ledger import Ledger
from tests.ledger.values import CHECK, PASSED, PRICE, REFUSED, answer, begin_check, book


def test_every_answer_beyond_the_first_renews_a_verdict(ledger: Ledger) -> None:
    counts = [ledger.renewals.count(CHECK.key)]
    for verdict in (PASSED, REFUSED, PASSED):
        book(ledger, verdict)
        counts.append(ledger.renewals.count(CHECK.key))
    assert counts == [0, 0, 1, 2]


def test_another_key_and_what_has_no_answer_that_counts_renew_nothing(ledger: Ledger) -> None:
    book(ledger, PASSED)
    book(ledger, REFUSED, portrait="sha256-cd")
    answer(ledger, begin_check(ledger), REFUSED, PRICE, usable=False)
    late = begin_check(ledger)
    begin_check(ledger)
    assert ledger.renewals.count(CHECK.key) == 0
    answer(ledger, late, REFUSED, PRICE)
    assert ledger.renewals.count(CHECK.key) == 1
