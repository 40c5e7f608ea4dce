"""Answer for jobs that were accepted: fetch one, list many, cancel one that still waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from greenlight.modelstudio.times import CHINA
from greenlight.studio.answers import StudioError, answer, beijing_text, invalid_parameter
from greenlight.studio.calls import Call
from greenlight.studio.families.offers import Offer
from greenlight.studio.faults import FaultKind
from greenlight.studio.jobs import FAILED, PENDING, SUCCEEDED, Job, JobFilter
from greenlight.studio.links import result_link
from greenlight.studio.studio import Studio

DAY_MS: Final = 24 * 3600 * 1000
MAX_PAGE_SIZE: Final = 100
_TIMES: Final = ("submit_time", "scheduled_time", "end_time")


async def fetch(call: Call) -> Response:
    """Answer with one task; an unknown or old id is UNKNOWN, with HTTP 200."""
    task_id = call.request.path_params["task_id"]
    job = _living(call.studio, task_id)
    if job is None:
        return answer({"output": {"task_id": task_id, "task_status": "UNKNOWN"}}, call.request_id)
    body: dict[str, Any] = {"output": _output(call, job)}
    if job.status == SUCCEEDED:
        body["usage"] = dict(job.usage)
    _distort(call, job, body["output"])
    return answer(body, call.request_id)


def _living(studio: Studio, task_id: str) -> Job | None:
    job = studio.jobs.get(task_id)
    if (
        job is None
        or job.submitted_ms < studio.clock.now_ms() - studio.settings.task_seconds * 1000
    ):
        return None
    return job


def _output(call: Call, job: Job) -> dict[str, Any]:
    times = zip(_TIMES, (job.submitted_ms, job.scheduled_ms, job.ended_ms), strict=True)
    output: dict[str, Any] = {
        "task_id": job.task_id,
        "task_status": job.status,
        **{name: beijing_text(at) for name, at in times if at is not None},
    }
    if job.status == FAILED:
        output |= {"code": job.code, "message": job.message}
    elif job.template_id:
        output["template_id"] = job.template_id
    elif job.video:
        studio_family = call.studio.offer(job.model).studio_family
        output |= studio_family.result(result_link(call.request, call.studio, job))
    return output


def _distort(call: Call, job: Job, output: dict[str, Any]) -> None:
    """Let the faults happen that change what is said of a task."""
    faults = call.studio.faults
    if fault := faults.within(FaultKind.UNKNOWN_STATUS, call.endpoint, job.model):
        output["task_status"] = fault.task_status
    if job.status != SUCCEEDED:
        return
    if faults.within(FaultKind.NO_URL, call.endpoint, job.model):
        for name in ("results", "video_url", "template_id"):
            output.pop(name, None)
    if faults.within(FaultKind.NO_MILLISECONDS, call.endpoint, job.model):
        output |= {name: output[name].partition(".")[0] for name in _TIMES}


async def cancel(call: Call) -> Response:
    """Cancel a task that waits; any other answers 400."""
    task_id = call.request.path_params["task_id"]
    if _living(call.studio, task_id) is None or not call.studio.jobs.cancel(task_id):
        raise StudioError(
            "UnsupportedOperation",
            f"Failed to cancel the task, please confirm if the task is in {PENDING} status.",
        )
    return answer({}, call.request_id)


async def list_tasks(call: Call) -> Response:
    """Answer with one page of the tasks of a window of time, newest first."""
    query = call.request.query_params
    page_no = _number(query.get("page_no"), "page_no", default=1)
    page_size = min(_number(query.get("page_size"), "page_size", default=10), MAX_PAGE_SIZE)
    now_ms = call.studio.clock.now_ms()
    from_ms, until_ms = _window(query.get("start_time"), query.get("end_time"), now_ms)
    wanted = JobFilter(
        max(from_ms, now_ms - round(call.studio.settings.task_seconds * 1000)),
        until_ms,
        now_ms,
        task_id=query.get("task_id", ""),
        model=query.get("model_name", ""),
        status=query.get("status", ""),
    )
    total, jobs = call.studio.jobs.page(wanted, page_no=page_no, page_size=page_size)
    body = {
        "total": total,
        "data": [_listed(job, call.studio.offer(job.model)) for job in jobs],
        "total_page": -(-total // page_size),
        "page_no": page_no,
        "page_size": page_size,
    }
    return answer(body, call.request_id)


def _listed(job: Job, offer: Offer) -> dict[str, Any]:
    times = {"start_time": job.scheduled_ms, "end_time": job.ended_ms}
    is_template = offer.model.kind == "template"
    function = "aa-template-generation" if is_template else "video-synthesis"
    return {
        "api_key_id": "1",
        "caller_parent_id": "1",
        "caller_uid": "1",
        "gmt_create": job.submitted_ms,
        **{name: at for name, at in times.items() if at is not None},
        "model_name": job.model,
        "region": "cn-beijing",
        "request_id": job.request_id,
        "status": job.status,
        "task_id": job.task_id,
        "user_api_unique_key": f"apikey:v1:aigc:image2video:{function}:{job.model}",
    }


def _number(text: str | None, name: str, *, default: int) -> int:
    if text is None:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise invalid_parameter(f"{name} must be a number from 1 on.")
    return int(text)


def _window(start: str | None, end: str | None, now_ms: int) -> tuple[int, int]:
    """Return the asked window in milliseconds, its last second whole; the last 24 hours by default."""
    until_ms = now_ms if end is None else _moment_ms(end, "end_time") + 999
    if start is None:
        return until_ms - DAY_MS, until_ms
    from_ms = _moment_ms(start, "start_time")
    if not 0 <= until_ms - from_ms <= DAY_MS + 999:
        raise invalid_parameter("The window from start_time to end_time must be within 24 hours.")
    return from_ms, until_ms


def _moment_ms(text: str, name: str) -> int:
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=CHINA)
    except ValueError:
        raise invalid_parameter(f"{name} must be written as YYYYMMDDhhmmss.") from None
    return round(moment.timestamp() * 1000)
