"""How often a verdict was renewed."""

from __future__ import annotations

from greenlight.ledger import Ledger
from tests.ledger.values import CHECK, PASSED, PRICE, REFUSED, book


def test_every_answer_beyond_the_first_renews_a_verdict(ledger: Ledger) -> None:
    counts = [ledger.renewals.count(CHECK.key)]
    for verdict in (PASSED, REFUSED, PASSED):
        book(ledger, verdict)
        counts.append(ledger.renewals.count(CHECK.key))
    assert counts == [0, 0, 1, 2]


def test_another_key_and_what_has_no_answer_that_counts_renew_nothing(ledger: Ledger) -> None:
    book(ledger, PASSED)
    book(ledger, REFUSED, portrait="sha256-cd")
    checks = ledger.checks
    checks.stale(checks.begin(CHECK), REFUSED, cost_cny=PRICE)
    checks.uncertain(late := checks.begin(CHECK))
    checks.begin(CHECK)
    assert ledger.renewals.count(CHECK.key) == 0
    checks.answered(late, REFUSED, cost_cny=PRICE)
    assert ledger.renewals.count(CHECK.key) == 1
