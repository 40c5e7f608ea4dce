"""More than the account's rate is answered with 429, and arrivals can be measured."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from greenlight.studio.rates import Rates, SlidingWindow
from tests.studio.conftest import Customer, Files


def admitted(per_second: float, times: list[float]) -> list[float]:
    window = SlidingWindow(per_second)
    return [at for at in times if window.admit(at)]


def test_no_second_holds_more_starts_than_the_rate() -> None:
    times = [number * 0.01 for number in range(500)]
    starts = admitted(5, times)
    for at in starts:
        assert sum(at <= other < at + 1 for other in starts) <= 5
    assert len(starts) == 25


def test_a_refused_start_does_not_count() -> None:
    assert admitted(2, [0, 0, 0, 0.9, 1.0, 1.0]) == [0, 0, 1.0, 1.0]


def test_a_rate_below_one_has_a_longer_window() -> None:
    assert admitted(0.5, [0, 1, 1.9, 2, 3, 4]) == [0, 2, 4]


def test_what_was_sent_evenly_may_arrive_a_little_early() -> None:
    strict, patient = SlidingWindow(5), SlidingWindow(5, jitter_seconds=0.05)
    times = [0.0, 0.2, 0.4, 0.6, 0.8, 0.97]
    assert [window.admit(at) for at in times for window in (strict, patient)][-2:] == [False, True]


def test_things_have_windows_of_their_own() -> None:
    rates = Rates(clock=lambda: 0.0)
    assert rates.admit("one", 1)
    assert rates.admit("two", 1)
    assert not rates.admit("one", 1)
    rates.clear()
    assert rates.admit("one", 1)


def test_a_rate_of_nothing_is_refused(open_studio: Callable[..., Customer]) -> None:
    with pytest.raises(ValueError, match="rate_per_second"):
        open_studio(rate_per_second=0)


def test_a_check_above_the_rate_of_its_model_is_throttled(
    open_studio: Callable[..., Customer], files: Files
) -> None:
    customer = open_studio(rate_per_second=0.05)
    first, second = (customer.check("emo-detect-v1", files.astronaut) for _ in range(2))
    other = customer.check("liveportrait-detect", files.astronaut)
    assert (first.status_code, second.status_code, other.status_code) == (200, 429, 200)
    assert second.json()["code"] == "Throttling.RateQuota"
    counters = customer.counters()
    assert counters["checks_paid"] == {"emo-detect-v1": 1, "liveportrait-detect": 1}
    assert counters["requests"] == {"check": 3}
    assert counters["answered_429"] == {"check": 1}
    assert len(counters["arrivals"]["emo-detect-v1"]) == 1
    assert len(counters["arrivals_throttled"]["emo-detect-v1"]) == 1


def test_creates_have_the_rate_too(open_studio: Callable[..., Customer]) -> None:
    customer = open_studio(rate_per_second=0.05)
    answers = [customer.create("emo-v1").status_code for _ in range(2)]
    assert answers == [200, 429]
    assert customer.counters()["creates_accepted"] == {"emo-v1": 1}


def test_fetches_and_lists_have_rates_of_their_own(open_studio: Callable[..., Customer]) -> None:
    customer = open_studio(task_requests_per_second=0.05)
    paths = ["/tasks/one", "/tasks/two", "/tasks", "/tasks"]
    assert [customer.http.get(path).status_code for path in paths] == [200, 429, 200, 429]
