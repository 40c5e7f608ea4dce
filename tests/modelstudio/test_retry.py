"""Whether and when something is tried again."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenlight.errors import GreenlightError, InputError, LedgerError
from greenlight.modelstudio import errors
from greenlight.modelstudio.errors import (
    AnswerLost,
    ModelStudioError,
    NotSent,
    ServerFault,
    ServiceUnreachable,
    Throttled,
)
from greenlight.modelstudio.retry import (
    FIRST_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    MAX_TRIES,
    patiently,
    wait_before_retry,
)

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, ModelStudioError)
]
RETRYABLE = [kind for kind in KINDS if kind.retryable]
tries_left = st.integers(1, MAX_TRIES - 1)
steadily = settings(derandomize=True, deadline=None)


def test_what_may_be_tried_again_is_what_cannot_pay_twice_for_a_video() -> None:
    assert set(RETRYABLE) == {
        ServiceUnreachable,
        NotSent,
        AnswerLost,
        Throttled,
        ServerFault,
    }


@steadily
@given(kind=st.sampled_from([kind for kind in KINDS if not kind.retryable]), tries=tries_left)
def test_what_must_not_be_tried_again_never_is(kind: type[ModelStudioError], tries: int) -> None:
    assert wait_before_retry(kind("timeout, 503", retry_after_seconds=0), tries) is None


@steadily
@given(kind=st.sampled_from([InputError, LedgerError, ValueError, TimeoutError, KeyboardInterrupt]))
def test_errors_of_this_side_never_are_either(kind: type[BaseException]) -> None:
    assert wait_before_retry(kind("try again"), 1) is None
    assert wait_before_retry(None, 1) is None


@steadily
@given(kind=st.sampled_from(RETRYABLE), tries=tries_left)
def test_waits_grow_and_are_capped(kind: type[ModelStudioError], tries: int) -> None:
    wait_seconds = wait_before_retry(kind("busy"), tries)
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (tries - 1))
    assert wait_seconds is not None
    assert longest / 2 <= wait_seconds <= longest


@steadily
@given(kind=st.sampled_from(RETRYABLE), tries=tries_left, asked=st.floats(0, 600))
def test_a_retry_after_is_honoured(kind: type[ModelStudioError], tries: int, asked: float) -> None:
    wait_seconds = wait_before_retry(kind("busy", retry_after_seconds=asked), tries)
    assert wait_seconds is not None
    assert asked < wait_seconds <= asked + LONGEST_WAIT_SECONDS / 10


@steadily
@given(kind=st.sampled_from(RETRYABLE), more=st.integers(0, 99))
def test_there_is_an_end(kind: type[ModelStudioError], more: int) -> None:
    assert wait_before_retry(kind("busy", retry_after_seconds=0), MAX_TRIES + more) is None


def test_waiting_callers_do_not_come_back_together() -> None:
    waits = {wait_before_retry(ServerFault("busy"), 5) for _ in range(20)}
    assert len(waits) > 10


class Call:
    """Fails with each error in turn, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note how long is slept, and sleep not at all."""
    noted: list[float] = []

    async def sleep(seconds: float) -> None:
        noted.append(seconds)

    # Only there: the studio's thread has a loop of its own that sleeps for real.
    monkeypatch.setattr("greenlight.modelstudio.retry.asyncio", SimpleNamespace(sleep=sleep))
    return noted


async def test_a_call_is_repeated_until_it_is_answered(slept: list[float]) -> None:
    call = Call(ServerFault("busy"), Throttled("slow down", retry_after_seconds=7))
    assert await patiently(call) == "answer"
    assert call.calls == 3
    assert [seconds > 6 for seconds in slept] == [False, True]


@pytest.mark.parametrize("error", [errors.AuthenticationError("no key"), GreenlightError("no")])
async def test_a_call_that_must_not_be_repeated_is_made_once(error: Exception) -> None:
    call = Call(error)
    with pytest.raises(type(error)):
        await patiently(call)
    assert call.calls == 1


async def test_a_call_that_keeps_failing_is_given_up_with_its_last_error() -> None:
    call = Call(*(ServerFault(f"busy {number}") for number in range(99)))
    with pytest.raises(ServerFault, match=f"busy {MAX_TRIES - 1}"):
        await patiently(call)
    assert call.calls == MAX_TRIES
