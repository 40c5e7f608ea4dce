"""Batch what arrives close together, so that a burst of uploads is a few runs."""

from __future__ import annotations

import hashlib
import json
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from greenlight.uploads.events import Arrival
from greenlight.uploads.newest import newest_of_each

WINDOW_SECONDS = 1.0
MAX_OBJECTS = 100


class Carrier(Protocol):
    """Something that brings arrivals: a message."""

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """Return the arrivals that it brings."""


AnyCarrier = TypeVar("AnyCarrier", bound=Carrier)


@dataclass(frozen=True, slots=True)
class Batch:
    """Objects to be worked on together, each once."""

    arrivals: tuple[Arrival, ...]

    @classmethod
    def of(cls, carriers: Iterable[Carrier]) -> Batch:
        """Make a batch of all that the carriers bring, given in the order in which they were received."""
        return cls(newest_of_each(arrival for one in carriers for arrival in one.arrivals))

    @property
    def idempotency_key(self) -> str:
        """Return what is the same for the same uploads, in whatever order."""
        objects = sorted({arrival.identity for arrival in self.arrivals})
        return f"uploads-{hashlib.sha256(json.dumps(objects).encode()).hexdigest()}"


class Batcher(Generic[AnyCarrier]):
    """Collects carriers until a batch is due; `now` is any clock that only goes forward, in seconds.

    When nothing was handed over within the window, the first is due at once; whatever comes within the window
    after it is due when the window ends, or as soon as it makes a full batch.
    """

    def __init__(
        self, *, window_seconds: float = WINDOW_SECONDS, max_objects: int = MAX_OBJECTS
    ) -> None:
        self._window_seconds = window_seconds
        self._max_objects = max_objects
        self._waiting: deque[AnyCarrier] = deque()
        self._objects = 0
        self._window_ends = -math.inf

    @property
    def is_full(self) -> bool:
        """Whether as many objects wait as a batch may hold."""
        return self._objects >= self._max_objects

    def add(self, carrier: AnyCarrier) -> None:
        """Let a carrier wait for the next batch."""
        self._waiting.append(carrier)
        self._objects += len(carrier.arrivals)

    def due_at(self) -> float | None:
        """Return when the next batch is due, or `None` while nothing waits."""
        if not self._waiting:
            return None
        return -math.inf if self.is_full else self._window_ends

    def take(self, now: float) -> list[AnyCarrier]:
        """Return the carriers of the next batch and begin a new window.

        A carrier is never split, because its message is deleted as a whole; S3 puts one object into each.
        """
        taken: list[AnyCarrier] = []
        room = self._max_objects
        while self._waiting and (not taken or len(self._waiting[0].arrivals) <= room):
            carrier = self._waiting.popleft()
            room -= len(carrier.arrivals)
            taken.append(carrier)
        self._objects -= self._max_objects - room
        self._window_ends = now + self._window_seconds
        return taken
