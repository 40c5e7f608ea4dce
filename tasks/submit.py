"""Order a video: reserve it in the books and send its one paying request."""

from __future__ import annotations

from prefect import task

from blocks import ModelStudioCredentials
from greenlight.filming.orders import Order
from greenlight.ledger import Job
from tasks.services import connected


@task(
    task_run_name="submit {order.family} · {order.name}",
    retries=0,
    persist_result=False,
)
async def submit_video(
    order: Order,
    *,
    max_cny: float | None = None,
    credentials: ModelStudioCredentials | None = None,
) -> tuple[Job, bool]:
    """Return the order's job, and whether this run sent its paying request.

    Prefect never tries this again: what may safely be sent again is sent again inside, and a lost answer
    leaves the job ambiguous.
    """
    async with connected(credentials, max_cny=max_cny) as services:
        return await services.filmer.submit(
            order.new_job(services.client.service, flow_run=services.flow_run),
            lambda: order.request(services.client, services.settings.delivery),
            starts_per_second=order.model.starts_per_second,
        )
