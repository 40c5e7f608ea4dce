"""Read the vendor's whole list of tasks in a window, page by page, at the account's pace."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from greenlight.ledger import Ledger
from greenlight.modelstudio.catalog import TASK_REQUESTS_PER_SECOND
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.tasks import ListedTask
from greenlight.pacing import wait_for_start
from greenlight.patience import patiently

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
    tasks: list[ListedTask] = []
    page_no, pages = 1, 1
    while page_no <= pages:
        await wait_for_start(ledger, studio, "task list", TASK_REQUESTS_PER_SECOND)
        page = await patiently(
            partial(
                studio.list_tasks,
                model_name=model_name,
                start=start,
                end=end,
                page_no=page_no,
                page_size=PAGE_SIZE,
            )
        )
        tasks += page.tasks
        page_no, pages = page_no + 1, page.total_pages
    return tasks
