"""Names that one holder has at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from greenlight.ledger import Claim, Ledger
from tests.ledger.conftest import Clock
from tests.ledger.processes import in_processes
from tests.ledger.values import claim


def test_of_many_callers_at_once_one_gets_the_lease(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: ledger.leases.acquire("a", 60), range(24)))
    assert len([one for one in claims if one is not None]) == 1


def test_of_many_processes_at_once_one_takes_over_a_lease_that_ended(ledger_url: str) -> None:
    with Ledger(ledger_url) as ledger:
        ledger.leases.acquire("a", 0)
    claims = in_processes(4, acquire, ledger_url)
    assert len([one for one in claims if one is not None]) == 1


def acquire(url: str) -> Claim | None:
    with Ledger(url) as ledger:
        return ledger.leases.acquire("a", 60)


def test_a_released_name_is_free(ledger: Ledger) -> None:
    ledger.leases.release(claim(ledger, "a"))
    assert ledger.leases.acquire("a", 60) is not None


def test_a_dead_holders_lease_ends_and_does_not_come_back(timed: Ledger, clock: Clock) -> None:
    dead = claim(timed, "a", 60)
    clock.turn(59)
    assert timed.leases.acquire("a", 60) is None
    clock.turn(1)
    claim(timed, "a", 60)
    timed.leases.release(dead)
    assert not timed.leases.renew(dead)
    assert timed.leases.acquire("a", 60) is None


def test_a_renewed_lease_lasts_from_then_on(timed: Ledger, clock: Clock) -> None:
    held = claim(timed, "a", 60)
    clock.turn(50)
    assert timed.leases.renew(held)
    clock.turn(50)
    assert timed.leases.acquire("a", 60) is None
    clock.turn(10)
    assert timed.leases.acquire("a", 60) is not None


def test_a_lease_that_ended_is_its_holders_until_somebody_takes_it(
    timed: Ledger, clock: Clock
) -> None:
    late = claim(timed, "a", 60)
    clock.turn(3600)
    assert timed.leases.renew(late)
    clock.turn(3600)
    claim(timed, "a", 60)
    assert not timed.leases.renew(late)


def test_only_its_holder_renews_a_lease(ledger: Ledger) -> None:
    held = claim(ledger, "a")
    assert not ledger.leases.renew(replace(held, token="somebody else's"))
    assert not ledger.leases.renew(replace(held, name="b"))


def test_a_clock_that_was_put_back_holds_a_name_no_longer_than_its_lease(
    timed: Ledger, clock: Clock
) -> None:
    claim(timed, "a", 60)
    clock.turn(-3600)
    assert timed.leases.acquire("a", 60) is None
    clock.turn(59)
    assert timed.leases.acquire("a", 60) is None
    clock.turn(1)
    assert timed.leases.acquire("a", 60) is not None


def test_a_clock_that_was_put_back_takes_no_name_from_a_living_holder(
    timed: Ledger, clock: Clock
) -> None:
    held = claim(timed, "a", 60)
    clock.turn(-3600)
    for _ in range(10):
        clock.turn(20)
        assert timed.leases.acquire("a", 60) is None
        assert timed.leases.renew(held)


def test_a_name_that_is_held_is_only_read_by_those_who_wait(
    ledger_url: str, ledger: Ledger
) -> None:
    claim(ledger, "a")
    with Ledger(ledger_url) as waiting:
        waiting.leases._database.writing = refuse_to_write  # type: ignore[method-assign,assignment]
        assert [waiting.leases.acquire("a", 60) for _ in range(3)] == [None, None, None]


def refuse_to_write(*_names: str, **_options: bool) -> None:
    raise AssertionError("a waiting caller writes")
