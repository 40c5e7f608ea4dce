"""A deployed run that has to wait comes back later as another one, and a run begun by hand does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prefect import flow, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.flow_engine import run_flow

from flows.coming_back import LATEST, SOONEST, come_back
from greenlight.ledger import Job, Ledger
from greenlight.settings import Settings, read_settings
from tests.cli.books import submitted

pytestmark = pytest.mark.usefixtures("prefect_server")

JOBS: dict[str, Job] = {}


@flow(name="a-run-that-waits")
async def waits(age_minutes: int) -> list[str]:
    """Come back for a job of that age, twice, as a run that was taken up again would."""
    at = datetime.now(UTC)
    job = replace(JOBS["job"], submitted_at=at - timedelta(minutes=age_minutes))
    with Ledger(read_settings().ledger_url) as ledger:
        return [await come_back(job, ledger) for _ in range(2)]


@flow(name="a-run-around-it")
async def around(age_minutes: int) -> list[str]:
    """Have it done by a run within a run."""
    return await waits(age_minutes)


@pytest.fixture(autouse=True)
def _job(settings: Settings) -> None:
    JOBS["job"] = submitted(settings, "11111111-2222-3333-4444-555555555555")


@pytest.fixture
async def deployment() -> AsyncIterator[UUID]:
    """A deployment whose runs nobody begins."""
    made = await (await waits.to_deployment("waits", tags=["film"])).aapply()
    yield made
    async with get_client() as client:
        await client.delete_deployment(made)


async def work_off(deployment: UUID, age_minutes: int) -> tuple[FlowRun, list[str]]:
    """Do what a worker does with a new run; return it and what it said."""
    async with get_client() as client:
        run = await client.create_flow_run_from_deployment(
            deployment, parameters={"age_minutes": age_minutes}, name="anna.png · animate-anyone"
        )
        said = await run_flow(waits, flow_run=run, parameters=run.parameters)  # type: ignore[misc]
        return await client.read_flow_run(run.id), said


async def later_runs(deployment: UUID) -> list[FlowRun]:
    wanted = FlowRunFilter.model_validate(
        {"deployment_id": {"any_": [str(deployment)]}, "state": {"type": {"any_": ["SCHEDULED"]}}}
    )
    async with get_client() as client:
        return await client.read_flow_runs(flow_run_filter=wanted)


async def test_it_comes_back_once_as_the_same_and_says_when(deployment: UUID) -> None:
    run, said = await work_off(deployment, 5)
    (later,) = await later_runs(deployment)
    assert later.id != run.id
    assert (later.name, later.parameters) == (run.name, run.parameters)
    assert set(later.tags) == set(run.tags) == {"film"}
    assert later.state is not None
    assert later.state.type is StateType.SCHEDULED
    due_at = later.state.state_details.scheduled_time
    assert due_at is not None
    assert said[0] == f"a run comes back to it at {due_at:%H:%M} UTC"


@pytest.mark.parametrize(
    ("age_minutes", "pause"),
    [(0, SOONEST), (5, timedelta(minutes=5)), (600, LATEST)],
    ids=["at least a minute", "as long as it took so far", "at most a quarter of an hour"],
)
async def test_the_pause_is(age_minutes: int, pause: timedelta, deployment: UUID) -> None:
    began_at = datetime.now(UTC)
    await work_off(deployment, age_minutes)
    (later,) = await later_runs(deployment)
    assert later.state is not None
    due_at = later.state.state_details.scheduled_time
    assert due_at is not None
    ended_at = datetime.now(UTC)
    assert began_at + pause <= due_at <= ended_at + pause + (ended_at - began_at)


async def test_a_run_that_was_begun_by_hand_does_not_come_back(deployment: UUID) -> None:
    assert await waits(5) == ["", ""]
    assert await around(5) == ["", ""]
    assert await later_runs(deployment) == []


async def test_without_any_run_nothing_comes_back(ledger: Ledger) -> None:
    assert await come_back(JOBS["job"], ledger) == ""
