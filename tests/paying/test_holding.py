"""A name is held for as long as its block takes, whatever else this process does."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from greenlight.ledger import Claim, Ledger
from greenlight.ledger.schema import leases
from greenlight.paying.holding import alone, held
from tests.programs import wait_until

LEASE = 0.6
NAME = "check a"


def renewals(ledger: Ledger) -> object:
    """Return when the lease was renewed for the last time, and how long it lasts."""
    with ledger._database.reading() as connection:
        row = connection.execute(select(leases).where(leases.c.name == NAME)).one()
    return row.renewed_at, row.until


def wait_for_a_renewal(ledger: Ledger) -> None:
    before = renewals(ledger)
    wait_until(lambda: renewals(ledger) != before, seconds=120, what="a renewal")


async def test_a_lease_is_renewed_again_and_again_until_the_block_ends(ledger: Ledger) -> None:
    async with held(ledger, NAME, seconds=LEASE) as claim:
        assert claim is not None
        for _ in range(3):
            await asyncio.to_thread(wait_for_a_renewal, ledger)
            assert ledger.leases.acquire(NAME, LEASE) is None
    assert ledger.leases.acquire(NAME, LEASE) is not None


async def test_a_lease_is_renewed_while_the_loop_is_busy_and_all_its_threads_are_taken(
    ledger: Ledger,
) -> None:
    """As they are by downloads: renewals wait neither for the loop nor for its few threads."""
    free = threading.Event()
    async with held(ledger, NAME, seconds=LEASE):
        taken = [asyncio.ensure_future(asyncio.to_thread(free.wait, 30)) for _ in range(64)]
        await asyncio.sleep(0)
        # Not awaited: it blocks the loop itself.
        for _ in range(2):
            wait_for_a_renewal(ledger)
        free.set()
        await asyncio.gather(*taken)


async def test_a_renewal_that_fails_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("greenlight.ledger.database.BUSY_SECONDS", 0)
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as books:
        renew = books.leases.renew
        tries: list[Claim] = []

        def watched(claim: Claim) -> bool:
            tries.append(claim)
            return renew(claim)

        monkeypatch.setattr(books.leases, "renew", watched)
        async with held(books, NAME, seconds=LEASE):
            with locked(tmp_path / "ledger.db"):
                await asyncio.to_thread(
                    wait_until, lambda: len(tries) >= 2, seconds=120, what="a second try"
                )
            await asyncio.to_thread(wait_for_a_renewal, books)


class locked:  # noqa: N801 - reads as a sentence
    """Keep everybody from writing for the time of a `with` block."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)

    def __enter__(self) -> None:
        self._connection.execute("PRAGMA busy_timeout = 30000")
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()


async def test_a_name_that_somebody_has_is_not_held(ledger: Ledger) -> None:
    async with held(ledger, NAME), held(ledger, NAME) as second:
        assert second is None


async def test_who_did_not_get_a_name_does_not_give_it_back(ledger: Ledger) -> None:
    async with held(ledger, NAME):
        async with held(ledger, NAME):
            pass
        assert ledger.leases.acquire(NAME, LEASE) is None


async def test_a_name_is_given_back_when_its_block_fails_or_is_cancelled(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError):
        async with held(ledger, NAME):
            1 / 0  # noqa: B018
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), held(ledger, NAME):
            await asyncio.Event().wait()
    assert ledger.leases.acquire(NAME, LEASE) is not None


async def test_of_many_who_want_a_name_one_at_a_time_has_it(ledger: Ledger) -> None:
    inside, most = 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with alone(ledger, NAME):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(4)))
    assert most == 1


async def test_no_thread_goes_on_renewing_after_the_block(ledger: Ledger) -> None:
    before = set(threading.enumerate())
    async with held(ledger, NAME, seconds=LEASE):
        (keeper,) = [
            thread
            for thread in set(threading.enumerate()) - before
            if not thread.name.startswith("asyncio")
        ]
    keeper.join(30)
    assert not keeper.is_alive()
