"""Ask for the vendor's tasks at the account's pace: for one, or for all of a day, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from greenlight.ledger import Ledger
from greenlight.modelstudio.catalog import TASK_REQUESTS_PER_SECOND
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import Throttled
from greenlight.modelstudio.retry import patiently
from greenlight.modelstudio.tasks import ListedTask, VideoTask
from greenlight.paying.pacing import slow_down, wait_for_start

Answer = TypeVar("Answer")

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class TaskList:
    """The account's tasks of the last 24 hours, as far as they could be read."""

    tasks: Mapping[str, ListedTask]
    is_whole: bool
    """Whether every task that the vendor counted was on one of the pages."""
    answered_at: datetime | None
    """When the last page was answered, by the vendor's clock."""


async def list_tasks(client: ModelStudio, ledger: Ledger) -> TaskList:
    """Return all tasks of the last 24 hours, of every model; the list names no results.

    Nothing narrows it: by which clock a window is meant, and what an own deployment is called in the list,
    nobody can know. Pages are read until as many tasks are there as the vendor counts, or nothing new comes.
    """
    tasks: dict[str, ListedTask] = {}
    page_no = total = 0
    while True:
        page_no += 1
        ask = partial(client.list_tasks, page_no=page_no, page_size=PAGE_SIZE)
        page = await _at_pace(client, ledger, "task list", ask)
        known = len(tasks)
        # A task that begins meanwhile moves another one on to the next page.
        tasks |= {task.task_id: task for task in page.tasks}
        total = max(total, page.total or 0)
        # Without a count only an empty page tells that there are no more.
        is_whole = not page.tasks if page.total is None else len(tasks) >= total
        if is_whole or len(tasks) == known:
            return TaskList(tasks, is_whole, page.answered_at)


async def find_listed(client: ModelStudio, ledger: Ledger, task_id: str) -> ListedTask | None:
    """Return what the list says of one task, which is more than a fetch says: its model."""
    ask = partial(client.list_tasks, task_id=task_id)
    page = await _at_pace(client, ledger, "task list", ask)
    return next((task for task in page.tasks if task.task_id == task_id), None)


async def fetch_task(client: ModelStudio, ledger: Ledger, task_id: str) -> VideoTask:
    """Return a task as it stands."""
    return await _at_pace(client, ledger, "tasks", partial(client.fetch, task_id))


async def _at_pace(
    client: ModelStudio, ledger: Ledger, name: str, ask: Callable[[], Awaitable[Answer]]
) -> Answer:
    """Ask until there is an answer or an error that lasts, and let all wait when it was too much."""

    async def once() -> Answer:
        await wait_for_start(ledger, client, name, TASK_REQUESTS_PER_SECOND)
        try:
            return await ask()
        except Throttled as error:
            await slow_down(ledger, client, name, error)
            raise

    return await patiently(once)
