"""Let in no more requests than the account's rates allow."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable


class SlidingWindow:
    """Admit at most a number of starts in any window of time; a refused one does not count.

    For a rate below one a second, or one that is no whole number, the window grows or shrinks to fit:
    0.5 a second is one start in any two seconds. `jitter_seconds` make it a little shorter, because what was
    sent evenly does not arrive evenly.
    """

    def __init__(self, per_second: float, *, jitter_seconds: float = 0.0) -> None:
        self._most = max(1, math.floor(per_second))
        self._window_seconds = self._most / per_second - jitter_seconds
        self._starts: deque[float] = deque(maxlen=self._most)

    def admit(self, now: float) -> bool:
        """Return whether a start at this time is within the rate, and count it if so."""
        full = len(self._starts) == self._most
        if full and now - self._starts[0] < self._window_seconds:
            return False
        self._starts.append(now)
        return True


class Rates:
    """Keep one window for each thing that has a rate of its own."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, jitter_seconds: float = 0.0
    ) -> None:
        self._clock = clock
        self._jitter_seconds = jitter_seconds
        self._windows: dict[str, SlidingWindow] = {}

    def admit(self, name: str, per_second: float) -> bool:
        """Return whether one more of `name` may start now."""
        window = self._windows.get(name)
        if window is None:
            window = SlidingWindow(per_second, jitter_seconds=self._jitter_seconds)
            self._windows[name] = window
        return window.admit(self._clock())

    def clear(self) -> None:
        """Forget what has started."""
        self._windows.clear()
