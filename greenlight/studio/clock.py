"""Tell a studio's time, which a test can turn: the vendor's clock need not be that of this machine."""

from __future__ import annotations

import time


class Clock:
    """The clock of the machine, and as much more as it was turned on (or back)."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def now_seconds(self) -> float:
        """Return the time in epoch seconds."""
        return time.time() + self.ahead_seconds

    def now_ms(self) -> int:
        """Return the time in epoch milliseconds."""
        return round(self.now_seconds() * 1000)
