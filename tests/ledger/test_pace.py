"""The pace that all processes of a ledger keep."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenlight.ledger import Ledger
from greenlight.ledger.pace import AHEAD_SECONDS, LATE_SECONDS, SLACK, Start
from tests.ledger.conftest import Clock
from tests.ledger.processes import holding_process, in_processes

on_one_ledger = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
names = (f"model-{number}" for number in itertools.count())


def most_in_one_second(times: list[datetime]) -> int:
    """Return the largest number of times in any window of one second, its end not included."""
    ordered = sorted(times)
    return max(
        sum(0 <= (other - first).total_seconds() < 1 for other in ordered) for first in ordered
    )


def take(ledger: Ledger, clock: Clock, name: str, per_second: float) -> datetime:
    """Ask until a start is granted, and wait for it."""
    while True:
        start = ledger.pace.grant(name, per_second)
        clock.turn(start.wait_seconds)
        if start.granted_at is not None:
            return start.granted_at


def test_the_first_start_waits_for_nobody(ledger: Ledger) -> None:
    assert ledger.pace.grant("emo", 5).wait_seconds == 0


def test_starts_stand_apart_as_the_limit_asks(timed: Ledger, clock: Clock) -> None:
    times = [take(timed, clock, "emo", 5) for _ in range(11)]
    assert (times[-1] - times[0]).total_seconds() == pytest.approx(10 * SLACK / 5, abs=1e-4)


def test_a_far_start_is_not_granted_before_its_time(timed: Ledger, clock: Clock) -> None:
    timed.pace.grant("emo", 1)
    later = timed.pace.grant("emo", 1)
    assert later.granted_at is None
    assert later.wait_seconds == pytest.approx(SLACK - AHEAD_SECONDS)
    clock.turn(later.wait_seconds)
    assert timed.pace.grant("emo", 1).wait_seconds == pytest.approx(AHEAD_SECONDS)


def test_callers_at_once_get_different_starts(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        starts = list(pool.map(lambda _: ledger.pace.grant("emo", 40), range(8)))
    times = sorted(start.granted_at for start in starts if start.granted_at is not None)
    gaps = [(later - sooner).total_seconds() for sooner, later in itertools.pairwise(times)]
    assert len(times) == 8
    assert min(gaps) >= SLACK / 40 - 1e-5


def test_one_models_pace_holds_up_no_other(ledger: Ledger) -> None:
    ledger.pace.grant("emo", 0.1)
    assert ledger.pace.grant("liveportrait", 0.1).wait_seconds == 0


@pytest.mark.parametrize("starts_before", [0, 1])
def test_slowing_down_holds_for_everybody(timed: Ledger, clock: Clock, starts_before: int) -> None:
    for _ in range(starts_before):
        timed.pace.grant("emo", 5)
    began_at = clock.at
    timed.pace.slow_down("emo", 10)
    granted_at = take(timed, clock, "emo", 5)
    assert (granted_at - began_at).total_seconds() == pytest.approx(10)


def test_slowing_down_never_speeds_up(timed: Ledger, clock: Clock) -> None:
    first = take(timed, clock, "emo", 0.1)
    timed.pace.slow_down("emo", 1)
    timed.pace.slow_down("emo", 0)
    second = take(timed, clock, "emo", 0.1)
    assert (second - first).total_seconds() == pytest.approx(10 * SLACK)


@dataclass(frozen=True)
class Worker:
    """One who starts again and again: how late it wakes, and when it dies."""

    late_seconds: float
    grants_until_death: int


workers = st.builds(
    Worker,
    late_seconds=st.floats(0, 0.15),
    grants_until_death=st.one_of(st.just(1_000), st.integers(1, 6)),
)


def work_together(
    ledger: Ledger, clock: Clock, name: str, per_second: float, crew: list[Worker], seconds: float
) -> list[datetime]:
    """Let workers ask and wait in turn, each in its own time; return the times granted."""
    began_at = clock.at
    granted: list[list[datetime]] = [[] for _ in crew]
    asking = [(worker.late_seconds, number) for number, worker in enumerate(crew)]
    heapq.heapify(asking)
    while asking and asking[0][0] < seconds:
        at_seconds, number = heapq.heappop(asking)
        clock.at = began_at
        clock.turn(at_seconds)
        start = ledger.pace.grant(name, per_second)
        if start.granted_at is not None:
            granted[number].append(start.granted_at)
        if len(granted[number]) < crew[number].grants_until_death:
            next_seconds = at_seconds + start.wait_seconds + crew[number].late_seconds
            heapq.heappush(asking, (next_seconds, number))
    return sorted(itertools.chain(*granted))


@given(
    crew=st.lists(workers, min_size=1, max_size=6),
    per_second=st.sampled_from([1, 5, 20]),
)
@on_one_ledger
def test_never_more_than_the_limit_in_any_second(
    timed: Ledger, clock: Clock, crew: list[Worker], per_second: int
) -> None:
    times = work_together(timed, clock, next(names), per_second, crew, seconds=4)
    assert most_in_one_second(times) <= per_second


@given(
    dying=st.lists(workers, max_size=3),
    alive=st.lists(st.builds(Worker, st.floats(0, 0.15), st.just(1_000)), min_size=1, max_size=4),
)
@on_one_ledger
def test_while_work_waits_the_pace_is_kept_whoever_dies(
    timed: Ledger, clock: Clock, dying: list[Worker], alive: list[Worker]
) -> None:
    times = work_together(timed, clock, next(names), 5, [*dying, *alive], seconds=5)
    assert (len(times) - 1) / (times[-1] - times[0]).total_seconds() >= 4.9


@given(
    slow_seconds=st.floats(0.1, 5),
    before=st.lists(st.sampled_from([1, 5, 20]), min_size=1, max_size=4),
)
@on_one_ledger
def test_after_a_pause_is_asked_nobody_is_granted_a_start_in_it(
    timed: Ledger, clock: Clock, slow_seconds: float, before: list[int]
) -> None:
    name = next(names)
    for per_second in before:
        timed.pace.grant(name, per_second)
    asked_at = clock.at
    timed.pace.slow_down(name, slow_seconds)
    granted_at = take(timed, clock, name, 5)
    assert (granted_at - asked_at).total_seconds() >= slow_seconds - 1e-5


def start_for_seconds(url: str, seconds: float) -> list[datetime]:
    granted: list[datetime] = []
    with Ledger(url) as ledger:
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            start = ledger.pace.grant("emo", 5)
            if start.granted_at is not None:
                granted.append(start.granted_at)
            time.sleep(start.wait_seconds)
    return granted


def test_four_processes_keep_one_pace(ledger_url: str) -> None:
    times = sorted(itertools.chain(*in_processes(4, start_for_seconds, ledger_url, 2.5)))
    assert most_in_one_second(times) <= 5
    assert (len(times) - 1) / (times[-1] - times[0]).total_seconds() >= 4.9


def take_a_start(url: str) -> Iterator[None]:
    with Ledger(url) as ledger:
        ledger.pace.grant("emo", 5)
        ledger.pace.grant("emo", 5)
        yield


def test_a_process_that_dies_with_its_start_holds_nobody_up(ledger_url: str) -> None:
    with holding_process(take_a_start, ledger_url) as kill:
        kill()
        with Ledger(ledger_url) as ledger:
            assert ledger.pace.grant("emo", 5).wait_seconds <= 2 * SLACK / 5


@given(late=st.lists(st.floats(0, LATE_SECONDS - 0.001), min_size=12, max_size=12))
@on_one_ledger
def test_starts_that_are_used_as_late_as_they_may_be_are_never_too_many(
    timed: Ledger, clock: Clock, late: list[float]
) -> None:
    """One that is late and the fifth after it that is not: the slack is what keeps them a second apart."""
    name = next(names)
    used = [take(timed, clock, name, 5) + timedelta(seconds=late_seconds) for late_seconds in late]
    assert most_in_one_second(used) <= 5


def test_a_start_is_late_once_others_may_have_been_granted_its_moment() -> None:
    def due_before(seconds: float) -> bool:
        return Start(None, 0.0, time.monotonic() - seconds).is_late

    assert due_before(LATE_SECONDS + 0.001)
    assert not due_before(LATE_SECONDS - 1)


def put_back(clock: Clock) -> None:
    clock.turn(-3600)


def test_a_clock_that_was_put_back_holds_up_the_next_start_no_longer_than_was_right(
    timed: Ledger, clock: Clock
) -> None:
    timed.pace.grant("emo", 0.5)
    put_back(clock)
    assert timed.pace.remaining_seconds("emo") == 0
    start = timed.pace.grant("emo", 0.5)
    assert (start.granted_at, start.wait_seconds) == (
        None,
        pytest.approx(2 * SLACK - AHEAD_SECONDS),
    )
    # From now on the row is one of this clock, and time passes as ever.
    clock.turn(1)
    later = timed.pace.grant("emo", 0.5).wait_seconds
    assert later == pytest.approx(2 * SLACK - AHEAD_SECONDS - 1)
    assert timed.pace.remaining_seconds("emo") == pytest.approx(later)


def test_a_pause_that_was_asked_for_is_kept_over_a_clock_that_is_put_back(
    timed: Ledger, clock: Clock
) -> None:
    timed.pace.slow_down("emo", 10)
    put_back(clock)
    asked_at = clock.at
    assert (take(timed, clock, "emo", 5) - asked_at).total_seconds() == pytest.approx(10)


@pytest.mark.parametrize(("first_seconds", "waited"), [(0.0, 10.0), (30.0, 30.0)])
def test_a_pause_that_is_asked_for_after_the_clock_was_put_back_lasts_as_long_as_it_says(
    timed: Ledger, clock: Clock, first_seconds: float, waited: float
) -> None:
    """The longer of two pauses counts, whichever clock it was asked by."""
    timed.pace.slow_down("emo", first_seconds)
    put_back(clock)
    asked_at = clock.at
    timed.pace.slow_down("emo", 10)
    assert (take(timed, clock, "emo", 5) - asked_at).total_seconds() == pytest.approx(waited)


def test_whoever_only_looks_waits_until_a_start_can_be_granted(timed: Ledger, clock: Clock) -> None:
    assert timed.pace.remaining_seconds("emo") == 0
    timed.pace.slow_down("emo", 10)
    waited = timed.pace.remaining_seconds("emo")
    assert waited == pytest.approx(10 - AHEAD_SECONDS)
    clock.turn(waited)
    assert timed.pace.remaining_seconds("emo") == pytest.approx(0, abs=1e-5)
    assert timed.pace.grant("emo", 5).granted_at is not None
