"""End a command at Ctrl-C or SIGTERM: wait for what was sent, book it, and say what is open.

The second signal ends it at once. Nothing is lost then either: the books know what was sent.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from cli.speaking import warn
from greenlight.wording import cny

if TYPE_CHECKING:
    from greenlight.ledger.standing import Standing

Result = TypeVar("Result")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
CODE_OF_SIGNALS = 128
"""What shells add to a signal's number: 130 for Ctrl-C, 143 for SIGTERM."""
GRACE_SECONDS = 10.0
"""How long work that was cancelled may take for anything but what is paid, like telling Prefect's server."""
LOOK_EVERY_SECONDS = 1.0
GOES_ON = "the same command goes on where it was, and pays nothing twice"
STOPPED_AT_ONCE = (
    "stopped at once; a request that was under way may have been paid: `greenlight jobs` and "
    f"`greenlight costs` show it, and {GOES_ON}"
)


@dataclass(slots=True)
class _Command:
    """The command of this process: when it began, what asked it to stop, and what it does meanwhile."""

    began_at: float = field(default_factory=time.monotonic)
    asked_by: int | None = None
    asked_at: float = 0.0
    thread: threading.Thread | None = None
    loop: asyncio.AbstractEventLoop | None = None
    task: asyncio.Task[Any] | None = None

    def cancel(self) -> None:
        """Cancel what is under way, in the thread that it runs in."""
        if self.loop is not None and self.task is not None:
            self.loop.call_soon_threadsafe(self.task.cancel)


_command = _Command()


@contextmanager
def heeding_signals() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does, and either of them once more end it at once."""
    global _command  # noqa: PLW0603 - signals are the process's
    _command = _Command()
    before = {one: signal.signal(one, _heed) for one in SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run asynchronous work to its end; a signal cancels it, which is `KeyboardInterrupt` when it has ended.

    It runs in a thread of its own: Prefect takes SIGTERM for itself wherever it runs in the main one, and
    then what is under way would be broken off.
    """
    ended: Future[Result] = Future()
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(_run, work, ended), name="command")
    _command.thread = thread
    thread.start()
    _wait_for(thread)
    if was_asked():
        raise KeyboardInterrupt
    return ended.result()


def was_asked() -> bool:
    """Whether a signal has asked the command to stop."""
    return _command.asked_by is not None


def end() -> NoReturn:
    """Say what is open, and end as shells expect it of a command that a signal has ended."""
    code = CODE_OF_SIGNALS + (_command.asked_by or signal.SIGINT)
    warn(f"greenlight: {_what_is_open()}")
    if _command.thread is not None and _command.thread.is_alive():
        _leave(code)
    sys.exit(code)


def _wait_for(thread: threading.Thread) -> None:
    """Return when the work has ended; after a signal and a grace, when all that it has sent is booked.

    Ctrl-C reaches a temporary Prefect server too, and Prefect calls that for more than a minute.
    """
    while thread.is_alive():
        thread.join(LOOK_EVERY_SECONDS)
        has_had_its_time = was_asked() and time.monotonic() - _command.asked_at > GRACE_SECONDS
        if has_had_its_time and not _is_paying():
            return


def _is_paying() -> bool:
    """Whether this process awaits an answer, or has not booked one; what others await is theirs."""
    if "greenlight.paying.payer" not in sys.modules:
        # It would be loaded only to say so.
        return False
    from greenlight.paying.payer import payments_under_way

    return payments_under_way() > 0


def _run(work: Coroutine[Any, Any, Result], ended: Future[Result]) -> None:
    async def work_that_can_be_cancelled() -> Result:
        _command.loop, _command.task = asyncio.get_running_loop(), asyncio.current_task()
        if was_asked():
            _command.cancel()
        return await work

    try:
        ended.set_result(asyncio.run(work_that_can_be_cancelled()))
    except BaseException as error:  # noqa: BLE001 - it is raised in the main thread
        ended.set_exception(error)
    finally:
        _command.loop = _command.task = None


def _heed(number: int, _frame: FrameType | None) -> None:
    if was_asked():
        _end_at_once(number)
    _command.asked_by, _command.asked_at = number, time.monotonic()
    if _command.task is None:
        raise KeyboardInterrupt
    _command.cancel()


def _end_at_once(number: int) -> NoReturn:
    """End without waiting for anything."""
    for one in SIGNALS:
        signal.signal(one, signal.SIG_DFL)
    # Not by `print`, which may be in the middle of a line.
    os.write(2, f"greenlight: {STOPPED_AT_ONCE}\n".encode())
    _leave(CODE_OF_SIGNALS + number)


def _leave(code: int) -> NoReturn:
    """End whatever other threads do, and take a temporary Prefect server along."""
    servers = getattr(sys.modules.get("prefect.server.api.server"), "SubprocessASGIServer", None)
    for server in list(getattr(servers, "_instances", {}).values()):
        if server.server_process is not None:
            server.server_process.terminate()
    os._exit(code)


def _what_is_open() -> str:
    """Return what is open at the vendor's and what was paid; nothing is asked but the books."""
    now = _standing()
    if now is None:
        return f"stopped; {GOES_ON}"
    return f"stopped; {_open_in_words(now)}; {_paid_in_words(now)}"


def _standing() -> Standing | None:
    """Return what the books say since the command began; nothing where they cannot be read."""
    from greenlight.errors import GreenlightError
    from greenlight.services import open_ledger
    from greenlight.settings import read_settings

    try:
        with open_ledger(read_settings()) as ledger:
            return ledger.standings.of_last(time.monotonic() - _command.began_at)
    except GreenlightError:
        return None


def _open_in_words(now: Standing) -> str:
    is_open = [
        *_counted(now.submitted, "job", "on the vendor's side"),
        *_counted(now.in_doubt, "job", "in doubt"),
        *_counted(now.awaited, "request", "whose answer is awaited"),
    ]
    if not is_open:
        return f"no job is open, and {GOES_ON}"
    *others, last = is_open
    return (
        f"open: {' and '.join(filter(None, (', '.join(others), last)))}; `greenlight jobs` lists what is "
        "open, `greenlight collect` fetches and settles it, and the same command pays nothing twice"
    )


def _counted(count: int, what: str, where: str) -> list[str]:
    return [f"{count} {what}{'' if count == 1 else 's'} {where}"] if count else []


def _paid_in_words(now: Standing) -> str:
    if not now.paid_cny:
        return "nothing was paid since it began"
    return f"the books count {cny(now.paid_cny)} since it began"
