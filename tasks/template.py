"""Make a motion video's template, once."""

from __future__ import annotations

from prefect import task

from blocks import ModelStudioCredentials
from greenlight.filming.collecting import collect
from greenlight.filming.orders import TemplateOrder
from greenlight.ledger import Job
from tasks.services import connected
from tasks.submit import submit_video


@task(task_run_name="template · {order.name}", retries=0, persist_result=False)
async def make_motion_template(
    order: TemplateOrder,
    *,
    wait_seconds: float,
    max_cny: float | None = None,
    credentials: ModelStudioCredentials | None = None,
) -> Job:
    """Return the template's job; once it has succeeded it carries the `template_id`.

    A template is a paid job like a video: it is ordered once a motion video, and its books are the same.
    """
    job, _ = await submit_video.fn(order, max_cny=max_cny, credentials=credentials)
    async with connected(credentials) as services:
        return await collect(services.filmer, job, None, wait_seconds=wait_seconds)
