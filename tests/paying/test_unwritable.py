"""Whatever texts the vendor answers with, what was paid for is booked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from greenlight.ledger import JobState
from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.errors import InvalidRequest
from tests.paying.conftest import Paid, PaidJob

Change = Callable[[dict[str, Any]], Any]
UNWRITABLE = ["half \ud800", "nul \x00", "long " * 100]


def change_answers(
    paid: Paid, monkeypatch: pytest.MonkeyPatch, change: Change, **more: Any
) -> None:
    """Let the vendor's answers come changed."""
    pay = paid.client.pay

    async def changed(request: httpx.Request, **how: Any) -> Answer:
        answer = await pay(request, **how)
        payload = json.loads(answer.content)
        change(payload)
        return replace(answer, content=json.dumps(payload).encode(), **more)

    monkeypatch.setattr(paid.client, "pay", changed)


@pytest.mark.parametrize("text", UNWRITABLE, ids=ascii)
async def test_an_answer_with_any_request_id_is_booked(
    paid: Paid, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_answers(paid, monkeypatch, lambda payload: payload.update(request_id=text))
    await paid.pay()
    assert paid.is_booked()


@pytest.mark.parametrize("text", UNWRITABLE, ids=ascii)
async def test_an_error_of_any_code_and_message_is_booked_as_free(
    paid: Paid, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"code": f"InvalidParameter.{text}", "message": text, "request_id": text}
    change_answers(paid, monkeypatch, lambda payload: payload.update(told), status=400)
    with pytest.raises(InvalidRequest):
        await paid.pay()
    assert paid.is_free()


@pytest.mark.parametrize("paid", ["job"], indirect=True)
@pytest.mark.parametrize("text", UNWRITABLE, ids=ascii)
async def test_a_task_whose_id_cannot_be_booked_as_it_came_is_a_doubt(
    paid: PaidJob, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another id it could never be followed, and it may cost money."""
    change_answers(paid, monkeypatch, lambda payload: payload["output"].update(task_id=text))
    job, was_sent = await paid.production.submit()
    assert (job.state, job.task_id, was_sent) == (JobState.AMBIGUOUS, None, True)
    assert "its task_id cannot be written down" in job.message
