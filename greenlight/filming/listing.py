"""Ask for the vendor's tasks at the account's pace: for one, or for all of a window, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from greenlight.ledger import Ledger
from greenlight.modelstudio.catalog import TASK_REQUESTS_PER_SECOND
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import Throttled
from greenlight.modelstudio.tasks import ListedTask, VideoTask
from greenlight.pacing import slow_down, wait_for_start
from greenlight.patience import patiently

Answer = TypeVar("Answer")

PAGE_SIZE = 100


async def list_tasks(
    studio: ModelStudio,
    ledger: Ledger,
    *,
    start: datetime,
    end: datetime,
    model_name: str | None = None,
) -> list[ListedTask]:
    """Return the tasks that began in a window of at most 24 hours; the list names no results."""
    tasks: dict[str, ListedTask] = {}
    page_no, pages = 1, 1
    while page_no <= pages:
        ask = partial(
            studio.list_tasks,
            model_name=model_name,
            start=start,
            end=end,
            page_no=page_no,
            page_size=PAGE_SIZE,
        )
        page = await _at_pace(studio, ledger, "task list", ask)
        # A task that begins meanwhile moves another one on to the next page.
        tasks |= {task.task_id: task for task in page.tasks}
        page_no, pages = page_no + 1, page.total_pages
    return list(tasks.values())


async def fetch_task(studio: ModelStudio, ledger: Ledger, task_id: str) -> VideoTask:
    """Return a task as it stands."""
    return await _at_pace(studio, ledger, "tasks", partial(studio.fetch, task_id))


async def _at_pace(
    studio: ModelStudio, ledger: Ledger, name: str, ask: Callable[[], Awaitable[Answer]]
) -> Answer:
    """Ask until there is an answer or an error that lasts, and let all wait when it was too much."""

    async def once() -> Answer:
        await wait_for_start(ledger, studio, name, TASK_REQUESTS_PER_SECOND)
        try:
            return await ask()
        except Throttled as error:
            await slow_down(ledger, studio, name, error)
            raise

    return await patiently(once)
