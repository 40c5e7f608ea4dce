"""Make all examinations at once, and wait for none longer than for the others."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from greenlight.doctor.findings import Finding, broken, failed
from greenlight.errors import Explained
from greenlight.errors.advice import AllowMoreTime

SECONDS = 5.0
"""How long an examination may take."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Something to be looked at; findings come one by one, so that the first are kept if a later hangs."""

    subject: str
    """What is named when the look takes too long, or fails itself."""
    look: Callable[[], Iterable[Finding]]


def examine(examinations: Sequence[Examination], *, seconds: float = SECONDS) -> list[Finding]:
    """Return the findings of all examinations, in their order, after so many seconds at the most."""
    ends_at = time.monotonic() + seconds
    under_way = [_UnderWay(one) for one in examinations]
    return [
        finding
        for one in under_way
        for finding in one.findings(max(0.0, ends_at - time.monotonic()), seconds)
    ]


class _UnderWay:
    """An examination in a thread of its own, which the program's end does not wait for."""

    def __init__(self, examination: Examination) -> None:
        self._examination = examination
        self._found: list[Finding] = []
        # Prefect keeps its settings in the context.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=(self._look,), daemon=True)
        self._thread.start()

    def _look(self) -> None:
        try:
            for finding in self._examination.look():
                self._found.append(finding)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with one, the others go on
            self._found.append(_failure(self._examination.subject, error))

    def findings(self, wait_seconds: float, seconds: float) -> list[Finding]:
        self._thread.join(wait_seconds)
        is_late = self._thread.is_alive()
        found = list(self._found)
        if is_late:
            found.append(
                broken(
                    self._examination.subject,
                    f"there was no answer within {seconds:g} s",
                    AllowMoreTime(),
                )
            )
        return found


def _failure(subject: str, error: Exception) -> Finding:
    if isinstance(error, Explained):
        return failed(subject, error)
    return broken(
        subject,
        f"it could not be examined: {type(error).__name__}: {error}",
        "this is a fault of this program, please report it",
    )
