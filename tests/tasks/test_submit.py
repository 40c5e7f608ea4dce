"""Ordering a video is tried by Prefect exactly once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from prefect.client.schemas.objects import State

from greenlight.ledger import JobState
from greenlight.modelstudio.errors import InvalidRequest
from greenlight.studio.server import StudioServer
from tasks import collect_video, make_motion_template, submit_video
from tests.production import Production
from tests.steering import add_fault, paid, received

pytestmark = pytest.mark.usefixtures("prefect_server", "settings")


async def ordered(production: Production) -> State[Any]:
    state: Any = submit_video(production.order, return_state=True)
    return cast("State[Any]", await state)


def test_no_paying_task_has_retries_or_a_kept_result() -> None:
    for task in (submit_video, make_motion_template):
        assert task.retries == 0
        assert task.persist_result is False
        assert task.cache_policy is None or not task.persist_result
    assert collect_video.retries == 0


async def test_an_order_is_sent_once_and_stored(
    production: Production, tmp_path: Path, studio: StudioServer
) -> None:
    job, was_sent = await submit_video(production.order)
    again, was_sent_again = await submit_video(production.order)
    assert (was_sent, was_sent_again) == (True, False)
    assert again.task_id == job.task_id
    done = await collect_video(job, out=tmp_path / "videos", wait_seconds=20)
    assert done.state is JobState.SUCCEEDED
    assert Path(str(done.place)).parent == tmp_path / "videos"
    assert paid(studio) == {"liveportrait": 1}


async def test_a_lost_answer_ends_as_an_ambiguous_job_and_not_as_a_retry(
    production: Production, studio: StudioServer
) -> None:
    add_fault(studio, "error", "create", status=500, when="after")
    state = await ordered(production)
    job, was_sent = await state.aresult()
    assert (job.state, was_sent) == (JobState.AMBIGUOUS, True)
    assert received(studio, "create") == 1


async def test_a_refused_order_fails_at_once(production: Production, studio: StudioServer) -> None:
    add_fault(studio, "error", "create", status=400, code="InvalidParameter", times=None)
    state = await ordered(production)
    assert isinstance(await state.aresult(raise_on_failure=False), InvalidRequest)
    assert received(studio, "create") == 1
