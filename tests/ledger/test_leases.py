"""Names that one holder has at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from greenlight.ledger import Ledger


def test_of_many_callers_at_once_one_gets_the_lease(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: ledger.leases.acquire("a", 60), range(24)))
    assert len([token for token in tokens if token is not None]) == 1


def test_a_released_name_is_free(ledger: Ledger) -> None:
    token = ledger.leases.acquire("a", 60)
    assert token is not None
    ledger.leases.release("a", token)
    assert ledger.leases.acquire("a", 60) is not None


def test_a_dead_holders_lease_ends_and_does_not_come_back(ledger: Ledger) -> None:
    dead = ledger.leases.acquire("a", 0)
    assert dead is not None
    alive = ledger.leases.acquire("a", 60)
    assert alive is not None
    ledger.leases.release("a", dead)
    assert ledger.leases.acquire("a", 60) is None
