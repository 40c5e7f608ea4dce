"""Accept video jobs: what the vendor sees at once is refused here, the rest fails when the job runs."""

from __future__ import annotations

from starlette.responses import Response

from greenlight.studio.answers import StudioError, answer, invalid_parameter
from greenlight.studio.calls import Call
from greenlight.studio.faults import FaultKind
from greenlight.studio.jobs import PENDING


async def create(call: Call) -> Response:
    """Answer one create with its task id, or refuse it."""
    offer = call.studio.offer(call.model)
    if not offer.model.is_asynchronous or not call.request.url.path.endswith(offer.model.path):
        raise invalid_parameter("Model not exist.")
    if not call.asks_for("X-DashScope-Async"):
        raise StudioError(
            "AccessDenied", "current user api does not support synchronous calls.", status=403
        )
    call.check_resolution()
    if refusal := offer.studio_family.refused_at_once(call.parameters):
        raise invalid_parameter(refusal)
    faults = call.studio.faults
    failure = faults.within(FaultKind.JOB_FAILS, call.endpoint, call.model)
    lag = faults.within(FaultKind.LIST_LAG, call.endpoint, call.model)
    task_id = call.studio.jobs.add(
        request_id=call.request_id,
        body={"model": call.model, "input": call.input, "parameters": call.parameters},
        hidden_seconds=lag.seconds if lag else 0,
        planned_failure=(failure.code, failure.message) if failure else None,
    )
    call.studio.runner.wake(call.model)
    return answer({"output": {"task_id": task_id, "task_status": PENDING}}, call.request_id)
