"""Film one brief in a process of its own, to which something happens on the way.

A SPEC has `portrait`, `sound`, `model`, `out`, and `environment`: its variables, which hold the settings.
`ahead_seconds` is how far the clock of its ledger is ahead, `busy_seconds` how long it waits for a ledger
that is locked, and `strikes` is what happens: each `does` one of `BLOWS` when the function `at` is called
(`moment`: "before") or has returned ("after"), at the first call with an argument of the type or text in
`of`, after so many to `skip`.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import itertools
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from greenlight.briefs.brief import Brief
from greenlight.errors import Explained
from greenlight.filming.collecting import collect
from greenlight.filming.orders import order_video
from greenlight.ledger import JobState, addresses, database
from greenlight.ledger.database import Database
from greenlight.media.portraits import examine
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.retry import patiently
from greenlight.services import Services, open_ledger
from greenlight.settings import Settings, read_settings
from greenlight.videos.s3 import require_bucket
from greenlight.videos.storing import is_in_s3
from greenlight.work.drives import examine_drives
from tests.stores import _resolve_local

LOST_ANSWERS = {
    "the answer to a check was lost": "greenlight.ledger.checks:PaidChecks.uncertain",
    "the answer to a create was lost": "greenlight.ledger.sending:Sending.mark_ambiguous",
}
LOST_CHECK, LOST_CREATE = LOST_ANSWERS
"""What a process says whenever it books that it has no answer to a paying request."""
WAITING = "it waits"
TIMEOUT_SECONDS = 10
MOST_OF_A_FULL_DISK_BYTES = 20_000
_WRITING = threading.RLock()
"""Held by the thread of this process that writes to the books."""


class LedgerClock:
    """The clock of the ledger as this process sees it, which can be turned on or back."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0
        right = Database.now

        def now(books: Database, connection: Any) -> datetime:
            return right(books, connection) + timedelta(seconds=self.ahead_seconds)

        Database.now = now  # type: ignore[method-assign]


def film_and_tell(spec: dict[str, Any]) -> int:
    """Film, say in one line how it ended, and return the process's exit code."""
    os.environ.update(spec["environment"])
    # A shell lets what it starts in the background ignore it, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    socket.getaddrinfo = _resolve_local(socket.getaddrinfo)
    clock = LedgerClock()
    clock.ahead_seconds = spec.get("ahead_seconds", 0.0)
    _shorten_patience(spec)
    for lost, name in LOST_ANSWERS.items():
        _hook(name, "before", _saying(lost))
    _take_turns_in_writing()
    for strike in spec.get("strikes", ()):
        _arm(strike, clock)
    try:
        print(asyncio.run(_film(spec)))
    except Explained as error:
        print(f"{type(error).__name__}: {error}")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("interrupted")
        return 130
    return 0


def _saying(words: str) -> Callable[..., None]:
    return lambda *_: print(words, flush=True)


async def _film(spec: dict[str, Any]) -> str:
    """Do what the flow does, without a Prefect server, and return the job's state."""
    film = asyncio.current_task()
    assert film is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, film.cancel)
    settings = read_settings(spec["environment"])
    with open_ledger(settings) as ledger:
        async with ModelStudio(
            settings.require_key(), base_url=settings.base_url, timeout_seconds=TIMEOUT_SECONDS
        ) as studio:
            return await _film_with(Services(studio, ledger, settings), settings, spec)


async def _film_with(services: Services, settings: Settings, spec: dict[str, Any]) -> str:
    brief = Brief(portrait=spec["portrait"], models=(spec["model"],), sound=spec["sound"])
    (family,) = brief.families()
    portrait, drives = await asyncio.gather(examine(brief.subject), examine_drives(brief))
    drive = drives.of(family)
    assert drive is not None
    screening = await patiently(lambda: services.screener.screen(portrait, family))
    if is_in_s3(spec["out"]):
        require_bucket(spec["out"])
    order = order_video(brief, family, portrait, screening.verdict, drive, out=spec["out"])
    filmer = services.filmer
    job, _ = await filmer.submit(
        order.new_job(services.client.service),
        lambda: order.request(services.client, settings.delivery),
        starts_per_second=order.model.starts_per_second,
    )
    if spec.get("full_disk"):
        _fill_the_disk()
    if job.state in {JobState.SUBMITTED, JobState.SUCCEEDED}:
        job = await collect(filmer, job, None, wait_seconds=20)
    return job.state.value


def _take_turns_in_writing() -> None:
    write = Database.writing

    @contextmanager
    def writing(books: Database, *names: str, durable: bool = True) -> Iterator[Connection]:
        with _WRITING, write(books, *names, durable=durable) as connection:
            yield connection

    Database.writing = writing  # type: ignore[method-assign]


def _shorten_patience(spec: dict[str, Any]) -> None:
    if "busy_seconds" in spec:
        addresses.BUSY_SECONDS = database.BUSY_SECONDS = spec["busy_seconds"]  # type: ignore[misc]


def _fill_the_disk() -> None:
    """Let every write beyond some kB of a file fail, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_OF_A_FULL_DISK_BYTES, most))


def _arm(strike: dict[str, Any], clock: LedgerClock) -> None:
    """Let one thing happen once, at the call of a function that the strike means."""
    calls = itertools.count()

    def happen(arguments: tuple[Any, ...], answer: Any) -> None:
        if _is_meant(strike, arguments, answer) and next(calls) == strike.get("skip", 0):
            BLOWS[strike["does"]](strike, clock)

    _hook(strike["at"], strike["moment"], happen)


def _is_meant(strike: dict[str, Any], arguments: tuple[Any, ...], answer: Any) -> bool:
    # `Payments.begin` is called again while the pace has no start: then it has booked nothing.
    if isinstance(answer, tuple) and None in answer:
        return False
    texts = {one for one in arguments if isinstance(one, str)}
    return strike.get("of") in {None, *texts, *(type(one).__name__ for one in arguments)}


def _hook(name: str, moment: str, happen: Callable[[tuple[Any, ...], Any], object]) -> None:
    """Let something happen before or after every call of the function or method of a dotted name."""
    module_name, _, path = name.partition(":")
    *owners, last = path.split(".")
    owner: Any = importlib.import_module(module_name)
    for part in owners:
        owner = getattr(owner, part)
    original = getattr(owner, last)
    is_before = moment == "before"

    @functools.wraps(original)
    async def hooked_async(*arguments: Any, **options: Any) -> Any:
        if is_before:
            happen(arguments, None)
        answer = await original(*arguments, **options)
        if not is_before:
            happen(arguments, answer)
        return answer

    @functools.wraps(original)
    def hooked(*arguments: Any, **options: Any) -> Any:
        if is_before:
            happen(arguments, None)
        answer = original(*arguments, **options)
        if not is_before:
            happen(arguments, answer)
        return answer

    setattr(owner, last, hooked_async if inspect.iscoroutinefunction(original) else hooked)


def _die(_strike: dict[str, Any], _clock: LedgerClock) -> None:
    """End as if the power went."""
    os.kill(os.getpid(), signal.SIGKILL)


def _stop(_strike: dict[str, Any], _clock: LedgerClock) -> None:
    """Stand still until somebody says to go on."""
    _stand_still()


def _wait(strike: dict[str, Any], _clock: LedgerClock) -> None:
    """Hold this one thread up until a file is there."""
    print(WAITING, flush=True)
    while not Path(strike["until"]).exists():
        time.sleep(0.01)


def _suspend(_strike: dict[str, Any], _clock: LedgerClock) -> None:
    """Stand still as with the machine's lid closed: the monotonic clock stands still too."""
    going = time.monotonic
    before = going()
    _stand_still()
    slept_seconds = going() - before
    time.monotonic = lambda: going() - slept_seconds


def _stand_still() -> None:
    # Whoever stands still within a transaction keeps a SQLite file locked for everybody: no other thread is.
    with _WRITING:
        # Sent to the process, it would let this thread go on until another one has seen it.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def _turn(strike: dict[str, Any], clock: LedgerClock) -> None:
    """Set the ledger's clock."""
    clock.ahead_seconds = strike["seconds"]


BLOWS: dict[str, Callable[[dict[str, Any], LedgerClock], None]] = {
    "die": _die,
    "stop": _stop,
    "wait": _wait,
    "suspend": _suspend,
    "turn": _turn,
}
