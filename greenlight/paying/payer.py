"""Pay once: book a request, send it, and book what came of it, whatever happens meanwhile.

From the booking on, everything runs in a thread of its own, so that neither an interrupt, nor a busy or a
closed event loop, nor a cancelled task comes between a request that is paid and its answer. An answer that
cannot be booked at once is kept in a file and booked again and again.
"""

from __future__ import annotations

import asyncio
import functools
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import httpx

from greenlight.errors import LedgerError
from greenlight.ledger import Claim, Ledger, NewCheck, NewJob, Terms
from greenlight.ledger.budgets import Budget
from greenlight.ledger.pace import Start
from greenlight.ledger.unbooked import Outcome
from greenlight.modelstudio import catalog
from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import NotSent, Throttled
from greenlight.modelstudio.transport import awake_seconds
from greenlight.paying.holding import LOOK_AGAIN_SECONDS
from greenlight.paying.pacing import pace_name, retry_seconds, use_start

Value = TypeVar("Value")

_UNDER_WAY: set[object] = set()

ANSWER_OF_A_LEASE = 0.8
"""An answer is awaited for this part of the lease, so that nobody takes the name over before it is booked."""
BOOKING_SECONDS = 300.0
"""How long it is tried to book an answer, while the ledger is locked or away."""
INTERRUPTED_SECONDS = 10.0
"""The same where somebody waits for the end; the file is booked the next time."""
BOOK_AGAIN_SECONDS = 0.5
LONGEST_SILENCE_SECONDS = 5.0
MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Generic[Value]):
    """One request that is paid: what is booked, what is sent, and what its answers mean."""

    new: NewCheck | NewJob
    request: httpx.Request
    starts_per_second: float
    read: Callable[[Answer], Value]
    """Returns what an answer says; every failure is a `ModelStudioError`."""
    answered: Callable[[Value], Outcome]
    """Returns what is booked for it, besides which request it was."""
    failed: Callable[[Exception], Outcome]
    """Returns what is booked when there is no answer that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """The service, the ledger and the limits that every paying request is held to."""

    client: ModelStudio
    ledger: Ledger
    lease_seconds: float
    budgets: tuple[Budget, ...] = ()

    async def pay(self, payment: Payment[Value], claim: Claim) -> tuple[int, Value]:
        """Send a payment's request exactly once; return its number in the books, and what it was answered.

        The answer is booked by then. Raises what the vendor answered as a `ModelStudioError`, `OverBudget`
        and `ClaimLost` when nothing was booked or sent. When the caller is cancelled, what is not booked yet
        is not sent; what is, is waited for.
        """
        stop = threading.Event()
        threads = _threads(os.getpid(), pace_name(self.client, payment.new.model))
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(threads, self._pay, payment, claim, stop)
        try:
            await asyncio.wait([work])
        except BaseException:
            # Cancelled, or told to end by a signal that is raised wherever it finds the program.
            stop.set()
            # Who cancels again ends nothing sooner: the claim is kept until the answer is booked.
            while not work.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([work])
            # What came of it is booked; nobody asks for it here any more.
            work.exception()
            raise
        return work.result()

    def _pay(
        self, payment: Payment[Value], claim: Claim, stop: threading.Event
    ) -> tuple[int, Value]:
        """Do all of it, in a thread that nobody cancels."""
        claim.seconds = self.lease_seconds
        terms = Terms(
            pace=pace_name(self.client, payment.new.model),
            starts_per_second=payment.starts_per_second,
            budgets=self.budgets,
        )
        start, number, ends_at = self._begin(payment, claim, terms, stop)
        sent = {payment.new.number_name: number, "token": claim.token}
        catalog.warn_of_retirement(payment.new.model)
        with _counted():
            try:
                ready = partial(self._wait_for, start, terms, stop)
                paying = self.client.pay(payment.request, ends_at=ends_at, ready=ready)
                value = payment.read(asyncio.run(paying))
                outcome = payment.answered(value)
            except Exception as error:
                self._book(payment.failed(error).of(sent), stop)
                if isinstance(error, Throttled):
                    with suppress(LedgerError):
                        self.ledger.pace.slow_down(terms.pace, retry_seconds(error))
                raise
            self._book(outcome.of(sent), stop)
        return number, value

    async def book(self, outcome: Outcome) -> None:
        """Book what else became of a payment, like the answer itself."""
        with _counted():
            await asyncio.to_thread(self._book, outcome, threading.Event())

    def _begin(
        self, payment: Payment[Value], claim: Claim, terms: Terms, stop: threading.Event
    ) -> tuple[Start, int, float]:
        """Book the request once the pace has a start for it.

        Returns the start, the request's number in the books, and until when it may be sent and answered.
        """
        # One at a time asks the ledger, so one that dies has one start at most.
        with _in_turn(terms.pace, stop):
            while not stop.wait(self.ledger.pace.remaining_seconds(terms.pace)):
                # Counted from before the booking: who is stopped in between sends nothing after the lease.
                ends_at = awake_seconds() + self.lease_seconds * ANSWER_OF_A_LEASE
                start, number = self.ledger.payments.begin(payment.new, claim, terms)
                if number is not None:
                    return start, number, ends_at
                stop.wait(start.wait_seconds)
        raise NotSent("it was stopped before")

    async def _wait_for(self, start: Start, terms: Terms, stop: threading.Event) -> None:
        """Wait for the moment of the first byte, on a connection that is there."""
        try:
            # A line on which nothing is said for long may be closed, and would leave a doubt.
            async with asyncio.timeout(LONGEST_SILENCE_SECONDS):
                await use_start(self.ledger, terms.pace, terms.starts_per_second, start)
        except TimeoutError as error:
            raise NotSent("it came too late for its turn") from error
        except LedgerError as error:
            raise NotSent(error.happened, advice=error.advice) from error
        if stop.is_set():
            raise NotSent("it was stopped before")

    def _book(self, outcome: Outcome, stop: threading.Event) -> None:
        """Book an outcome; while the ledger cannot be written it is kept in a file, and tried again."""
        began_at = time.monotonic()
        kept = None
        while True:
            try:
                self.ledger.unbooked.book(outcome)
            except LedgerError as error:
                if error.spent:
                    # It is booked, as the error says.
                    self.ledger.unbooked.drop(kept)
                    raise
                kept = kept or self.ledger.unbooked.keep(outcome)
                patience = INTERRUPTED_SECONDS if stop.is_set() else BOOKING_SECONDS
                if time.monotonic() - began_at > patience:
                    raise outcome.not_booked(error, kept) from error
                time.sleep(BOOK_AGAIN_SECONDS)
            else:
                self.ledger.unbooked.drop(kept)
                return


def payments_under_way() -> int:
    """Return how many requests of this process are booked as sent, and their answers not yet."""
    return len(_UNDER_WAY)


@contextmanager
def _counted() -> Iterator[None]:
    one = object()
    _UNDER_WAY.add(one)
    try:
        yield
    finally:
        _UNDER_WAY.remove(one)


@functools.cache
def _threads(process: int, pace: str) -> ThreadPoolExecutor:  # noqa: ARG001 - a fork has none of its parent's
    """Return the threads that wait for one pace, and for their answers."""
    return ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="greenlight-pay")


@contextmanager
def _in_turn(pace: str, stop: threading.Event) -> Iterator[None]:
    """Wait for the turn at a pace, unless it is stopped: who has it may have to wait for long."""
    turn = _turn(os.getpid(), pace)
    while not turn.acquire(timeout=LOOK_AGAIN_SECONDS):
        if stop.is_set():
            raise NotSent("it was stopped before")
    try:
        yield
    finally:
        turn.release()


@functools.cache
def _turn(process: int, pace: str) -> threading.Lock:  # noqa: ARG001 - each has its own
    return threading.Lock()
