"""Find the newest of several arrivals of one key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from greenlight.uploads.events import Arrival


def newest_of_each(arrivals: Iterable[Arrival]) -> tuple[Arrival, ...]:
    """Return the newest arrival of every object, in the order in which the objects first came."""
    by_object: dict[tuple[str, str], list[Arrival]] = {}
    for arrival in arrivals:
        by_object.setdefault((arrival.bucket, arrival.key), []).append(arrival)
    return tuple(newest_of(several) for several in by_object.values())


def newest_of(arrivals: Sequence[Arrival]) -> Arrival:
    """Return the newest of the arrivals of one key, given in the order in which they were received.

    Sequencers decide between those of one length, because their padding has been documented both ways; the
    winners of the lengths are compared by their event time. To compare every two arrivals by whichever rule
    fits would go round in circles: a before b before c before a. At a tie the later received wins.
    """
    winners: dict[int, tuple[int, Arrival]] = {}
    for position, arrival in enumerate(arrivals):
        length = len(arrival.sequencer or "")
        if length not in winners or _age(arrival) >= _age(winners[length][1]):
            winners[length] = position, arrival
    return max(winners.values(), key=lambda winner: (winner[1].event_time, winner[0]))[1]


def _age(arrival: Arrival) -> tuple[str, datetime]:
    """Return what grows within one key, among sequencers of one length."""
    return (arrival.sequencer or "").lower(), arrival.event_time
