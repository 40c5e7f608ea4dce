"""Handing batches over to a real Prefect server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from prefect import flow, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun
from prefect.events import Event
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled, Completed, Crashed, Failed, State

from deployments.listener import EVENT, Handover, PrefectDown, Starter, Via
from greenlight.errors import SettingsError
from greenlight.uploads.batching import Batch
from greenlight.uploads.errors import BatchRefused
from greenlight.uploads.events import Arrival
from tests.uploads.messages import KEYS, NOON, arrival
from tests.website import Website


@flow(name="on-upload")
def on_upload(objects: list[Arrival]) -> None:
    """Stands in for the flow; it is never run here."""


@pytest.fixture
async def deployment(prefect_server: None) -> tuple[str, uuid.UUID]:
    """The name and id of a deployment of this test's own."""
    name = f"test-{uuid.uuid4().hex}"
    made = await on_upload.ato_deployment(name)
    return f"on-upload/{name}", await made.aapply()


def batch_of(*keys: str, **fields: Any) -> Batch:
    # Another bucket for every test, because Prefect's idempotency is the flow's.
    return Batch(tuple(arrival(key, **fields) for key in keys))


@pytest.fixture
def bucket_name() -> str:
    return f"portraits-{uuid.uuid4().hex}"


async def runs_of(deployment: uuid.UUID) -> list[FlowRun]:
    only = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment]))
    async with get_client() as client:
        return await client.read_flow_runs(flow_run_filter=only)


async def end(handed_over: Handover, state: State[Any]) -> None:
    async with get_client() as client:
        assert handed_over.flow_run_id
        run = uuid.UUID(handed_over.flow_run_id)
        await client.set_flow_run_state(run, state, force=True)


@asynccontextmanager
async def overheard(bucket: str) -> AsyncIterator[Callable[[], Awaitable[Event]]]:
    """Give a function that returns the next event of a bucket's uploads, as automations get it."""
    only = EventFilter(event=EventNameFilter(name=[EVENT]))
    async with get_events_subscriber(filter=only) as subscriber:

        async def next_event() -> Event:
            # On a busy machine those of earlier tests are still on their way.
            async with asyncio.timeout(30):
                while True:
                    event = await anext(subscriber)
                    if f"s3.bucket.{bucket}" in {one.id for one in event.related}:
                        return event

        yield next_event


async def test_a_batch_is_one_run_however_often_it_comes(
    deployment: tuple[str, uuid.UUID], bucket_name: str
) -> None:
    name, deployment_id = deployment
    told: list[Handover] = []
    starter = Starter(deployment=name, tell=told.append)
    batch = batch_of(*KEYS, bucket=bucket_name)
    await starter(batch)
    await starter(Batch(tuple(reversed(batch.arrivals))))
    (run,) = await runs_of(deployment_id)
    assert run.idempotency_key == batch.idempotency_key
    assert run.state is not None
    assert run.state.is_scheduled()
    given = [Arrival(**one | {"event_time": NOON}) for one in run.parameters["objects"]]
    assert given == list(batch.arrivals)
    assert [one.flow_run_id for one in told] == [str(run.id)] * 2
    assert told[0].event_id == told[1].event_id


async def test_other_objects_are_another_run(
    deployment: tuple[str, uuid.UUID], bucket_name: str
) -> None:
    name, deployment_id = deployment
    starter = Starter(deployment=name)
    for etag in ("before", "after"):
        await starter(batch_of("anna.png", bucket=bucket_name, etag=etag))
    assert len(await runs_of(deployment_id)) == 2


@pytest.mark.parametrize("came_to", [Failed(), Crashed(), Cancelled()], ids=lambda one: one.name)
async def test_an_upload_whose_run_came_to_nothing_is_a_new_run_when_it_comes_again(
    deployment: tuple[str, uuid.UUID], bucket_name: str, came_to: State[Any]
) -> None:
    name, deployment_id = deployment
    told: list[Handover] = []
    starter = Starter(deployment=name, tell=told.append)
    batch = batch_of("anna.png", bucket=bucket_name)
    for ends_as in (came_to, came_to, Completed()):
        await starter(batch)
        await end(told[-1], ends_as)
    await starter(batch)
    assert [one.flow_run_id for one in told].count(told[-1].flow_run_id) == 2
    assert [one.idempotency_key for one in told] == [
        f"{batch.idempotency_key}{number}" for number in ("", "-2", "-3", "-3")
    ]
    assert len({one.event_id for one in told}) == len(await runs_of(deployment_id)) == 3


async def test_the_first_content_uploaded_again_after_a_second_is_a_run_of_its_own(
    deployment: tuple[str, uuid.UUID], bucket_name: str
) -> None:
    name, deployment_id = deployment
    told: list[Handover] = []
    starter = Starter(deployment=name, tell=told.append)
    for etag, sequencer in (("a", "01"), ("b", "02"), ("a", "03"), ("a", "03")):
        await starter(batch_of("anna.mp3", bucket=bucket_name, etag=etag, sequencer=sequencer))
        await end(told[-1], Completed())
    assert len(await runs_of(deployment_id)) == 3
    assert told[2].flow_run_id == told[3].flow_run_id


@pytest.mark.parametrize(("via", "runs"), [(Via.RUN, 1), (Via.EVENT, 0)])
async def test_automations_are_told_and_via_event_only_they_start_a_run(
    deployment: tuple[str, uuid.UUID], bucket_name: str, via: Via, runs: int
) -> None:
    name, deployment_id = deployment
    told: list[Handover] = []
    batch = batch_of(*KEYS, bucket=bucket_name)
    async with overheard(bucket_name) as next_event:
        await Starter(deployment=name, via=via, tell=told.append)(batch)
        event = await next_event()
    assert len(await runs_of(deployment_id)) == runs
    assert (told[0].flow_run_id is not None) == bool(runs)
    assert (str(event.id), event.event) == (told[0].event_id, EVENT)
    assert event.payload == {
        "objects": [arrival.as_json() for arrival in batch.arrivals],
        "count": len(KEYS),
        "idempotency_key": batch.idempotency_key,
    }
    assert [one.id for one in event.related] == [f"s3.bucket.{bucket_name}"]


async def test_a_deployment_that_is_not_there_yet_is_waited_for(prefect_server: None) -> None:
    starter = Starter(deployment="on-upload/nowhere")
    for asked in (starter(batch_of("anna.png")), starter.ask()):
        with pytest.raises(PrefectDown, match="has no deployment on-upload/nowhere; deploy it"):
            await asked


@pytest.mark.parametrize("via", [*Via])
async def test_prefect_is_asked_whether_it_takes_batches_and_gets_none(
    deployment: tuple[str, uuid.UUID], via: Via
) -> None:
    await Starter(deployment=deployment[0], via=via).ask()
    assert await runs_of(deployment[1]) == []


@pytest.mark.parametrize("via", [*Via])
async def test_a_prefect_that_lets_nobody_in_takes_no_batches(website: Website, via: Via) -> None:
    for path in ("/api/deployments/name/on-upload/on-upload", "/api/work_pools/filter"):
        website.put(path, status=401)
    closed = temporary_settings({PREFECT_API_URL: f"{website.url}/api"})
    with closed, pytest.raises(PrefectDown, match="Prefect answered 401"):
        await Starter(via=via).ask()


async def test_a_batch_that_the_flow_does_not_take_is_refused(
    deployment: tuple[str, uuid.UUID], bucket_name: str
) -> None:
    wrong = batch_of("anna.png", bucket=bucket_name, size_bytes="large")
    with pytest.raises(BatchRefused, match="Prefect answered 4"):
        await Starter(deployment=deployment[0])(wrong)


async def test_a_prefect_that_is_down_is_said_without_its_password() -> None:
    down = temporary_settings({PREFECT_API_URL: "http://admin:secret@127.0.0.1:9/api"})
    with down:
        starter = Starter()
        for asked in (starter.ask, partial(starter, batch_of("anna.png"))):
            with pytest.raises(PrefectDown, match="cannot be reached") as caught:
                await asked()
            assert "secret" not in str(caught.value)


def test_without_a_server_there_is_nothing_to_start_runs_on() -> None:
    nowhere = temporary_settings(restore_defaults={PREFECT_API_URL})
    with nowhere, pytest.raises(SettingsError, match="PREFECT_API_URL is not set"):
        Starter()
