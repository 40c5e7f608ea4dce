"""Let Prefect try again what an error says may be tried again, when it says so."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from greenlight.modelstudio.retry import MAX_TRIES, wait_before_retry

RETRIES = MAX_TRIES - 1


async def wait_and_retry(
    task: Task[..., Any],  # noqa: ARG001
    task_run: TaskRun,
    state: State[Any],
) -> bool:
    """Wait as long as the error asks for, and say whether the task is tried again.

    Prefect awaits this before the next try, outside the task's timeout, so a Retry-After can be honoured
    exactly; its own delays know nothing of the error.
    """
    error = await state.aresult(raise_on_failure=False)
    wait_seconds = wait_before_retry(
        error if isinstance(error, BaseException) else None, task_run.run_count
    )
    if wait_seconds is None:
        return False
    await asyncio.sleep(wait_seconds)
    return True
