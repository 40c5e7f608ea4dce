"""The pace that all processes of a ledger keep."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from greenlight.ledger import Ledger
from greenlight.ledger.pace import SLACK


def test_the_first_start_waits_for_nobody(ledger: Ledger) -> None:
    assert ledger.pace.grant("emo", 5) == 0.0


def test_starts_stand_apart_as_the_limit_asks(ledger: Ledger) -> None:
    waits = [ledger.pace.grant("emo", 5) for _ in range(11)]
    assert waits[-1] == pytest.approx(10 * SLACK / 5, abs=0.1)
    assert waits == sorted(waits)


def test_callers_at_once_get_different_starts(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda _: ledger.pace.grant("emo", 1), range(8)))
    gaps = [later - sooner for sooner, later in pairwise(waits)]
    assert min(gaps) > 0.5


def test_one_models_pace_holds_up_no_other(ledger: Ledger) -> None:
    ledger.pace.grant("emo", 0.1)
    assert ledger.pace.grant("liveportrait", 0.1) == 0.0


def test_slowing_down_holds_for_everybody(ledger: Ledger) -> None:
    ledger.pace.grant("emo", 5)
    ledger.pace.slow_down("emo", 10)
    assert ledger.pace.grant("emo", 5) == pytest.approx(10, abs=0.5)


def test_slowing_down_never_speeds_up(ledger: Ledger) -> None:
    ledger.pace.grant("emo", 0.1)
    ledger.pace.slow_down("emo", 1)
    assert ledger.pace.grant("emo", 0.1) > 5
