"""Decide whether and when a call is tried again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from greenlight.modelstudio.errors import ModelStudioError

Answer = TypeVar("Answer")

MAX_TRIES = 6
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0


def wait_before_retry(error: BaseException | None, tries: int) -> float | None:
    """Return the seconds to wait after so many tries, or `None` if it must not be tried again.

    Only an error that says it may be is tried again. A Retry-After is honoured; without one the waits double
    and are spread by a random half, so that many waiting callers do not come back together.
    """
    if not isinstance(error, ModelStudioError) or not error.retryable or tries >= MAX_TRIES:
        return None
    growing = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (tries - 1))
    spread = growing * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    if error.retry_after_seconds is not None:
        return error.retry_after_seconds + spread / 10
    return spread


async def patiently(call: Callable[[], Awaitable[Answer]]) -> Answer:
    """Return what a call answers, trying it again when its errors say so."""
    tries = 0
    while True:
        tries += 1
        try:
            return await call()
        except ModelStudioError as error:
            wait_seconds = wait_before_retry(error, tries)
            if wait_seconds is None:
                raise
        await asyncio.sleep(wait_seconds)
