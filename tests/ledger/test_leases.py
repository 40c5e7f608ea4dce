"""Names that one holder has at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from greenlight.ledger import Ledger
from tests.ledger.conftest import Clock
from tests.ledger.processes import in_processes


def test_of_many_callers_at_once_one_gets_the_lease(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: ledger.leases.acquire("a", 60), range(24)))
    assert len([token for token in tokens if token is not None]) == 1


def test_of_many_processes_at_once_one_takes_over_a_lease_that_ended(ledger_url: str) -> None:
    with Ledger(ledger_url) as ledger:
        ledger.leases.acquire("a", 0)
    tokens = in_processes(4, acquire, ledger_url)
    assert len([token for token in tokens if token is not None]) == 1


def acquire(url: str) -> str | None:
    with Ledger(url) as ledger:
        return ledger.leases.acquire("a", 60)


def test_a_released_name_is_free(ledger: Ledger) -> None:
    token = ledger.leases.acquire("a", 60)
    assert token is not None
    ledger.leases.release("a", token)
    assert ledger.leases.acquire("a", 60) is not None


def test_a_dead_holders_lease_ends_and_does_not_come_back(timed: Ledger, clock: Clock) -> None:
    dead = timed.leases.acquire("a", 60)
    assert dead is not None
    clock.turn(59)
    assert timed.leases.acquire("a", 60) is None
    clock.turn(1)
    assert timed.leases.acquire("a", 60) is not None
    timed.leases.release("a", dead)
    assert not timed.leases.renew("a", dead, 60)
    assert timed.leases.acquire("a", 60) is None


def test_a_renewed_lease_lasts_from_then_on(timed: Ledger, clock: Clock) -> None:
    token = timed.leases.acquire("a", 60)
    assert token is not None
    clock.turn(50)
    assert timed.leases.renew("a", token, 60)
    clock.turn(50)
    assert timed.leases.acquire("a", 60) is None
    clock.turn(10)
    assert not timed.leases.renew("a", token, 60)


def test_only_its_holder_renews_a_lease(ledger: Ledger) -> None:
    ledger.leases.acquire("a", 60)
    assert not ledger.leases.renew("a", "somebody else's", 60)
    assert not ledger.leases.renew("b", "nobody's", 60)
