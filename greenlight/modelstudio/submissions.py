"""Read the answer of a paying request: a task, a refusal, or a doubt.

Creating a task is not idempotent. Only a clear answer below 500 says that nothing was begun.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from greenlight.modelstudio.answers import (
    Answer,
    read_output,
    read_payload,
    read_success,
    read_text,
    unfit,
)
from greenlight.modelstudio.error_codes import read_top_fault
from greenlight.modelstudio.errors import AnswerLost, ModelStudioError, ProtocolError, ServerFault


class Submission(BaseModel):
    """A task that the vendor has begun; its id answers for 24 hours."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    status: str
    request_id: str = ""


def read_submission(answer: Answer) -> Submission:
    """Return the task of an answered create request, or raise the error that it stands for."""
    payload = read_payload(answer)
    output = payload.get("output")
    task_id = read_text(output, "task_id") if isinstance(output, dict) else ""
    if task_id and answer.is_success and read_top_fault(payload).code:
        raise unfit(answer, "it names both a task and an error", payload, task_id=task_id)
    output = read_output(answer, read_success(answer))
    if not task_id:
        raise unfit(answer, "it names no task", payload)
    return Submission(
        task_id=task_id,
        status=read_text(output, "task_status"),
        request_id=read_text(payload, "request_id"),
    )


def leaves_doubt(error: ModelStudioError) -> bool:
    """Return whether the vendor may have begun a task although the create request failed so."""
    if isinstance(error, AnswerLost | ServerFault) or (error.status or 0) >= 500:
        return True
    return isinstance(error, ProtocolError) and error.may_have_cost
