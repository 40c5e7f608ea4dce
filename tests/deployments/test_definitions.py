"""The deployments that `prefect.yaml` defines, for workers and for `greenlight serve` alike."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from pathlib import Path
from typing import Any

import pytest
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectAlreadyExists
from prefect.flows import load_flow_from_entrypoint

from deployments.choices import read_choices
from deployments.definitions import HEARTBEAT_SECONDS, make_deployment, read_definitions
from deployments.listener import DEPLOYMENT, Starter, Via
from greenlight.uploads.batching import Batch
from tests.deployments.servers import DEPLOY, PrefectServer, run, wait_for
from tests.uploads.messages import arrival

POOL = "nobodys"
"""No worker works on it, so that the runs stay as they were made."""

CHOICES = {
    "GREENLIGHT_UPLOADS": "s3://portraits/uploads/",
    "GREENLIGHT_OUT": "s3://videos/out/",
    "GREENLIGHT_MODELS": "emo,wan-s2v",
    "GREENLIGHT_TIMEZONE": "Asia/Shanghai",
}
NAMES = [
    "on-upload/on-upload",
    "screen-portraits/sweep",
    "portrait-to-video/film",
    "collect-videos/collect",
]
GIVEN_LATER: dict[str, dict[str, Any]] = {
    "on-upload": {"objects": []},
    "film": {"brief": {"portrait": "anna.png"}},
}


def test_every_definition_fits_its_flow() -> None:
    definitions = read_definitions(read_choices(CHOICES))
    flows: list[Flow[..., Any]] = [
        load_flow_from_entrypoint(one["entrypoint"]) for one in definitions
    ]
    names = [f"{flow.name}/{one['name']}" for flow, one in zip(flows, definitions, strict=True)]
    assert names == NAMES
    for flow, definition in zip(flows, definitions, strict=True):
        given = definition["parameters"] | GIVEN_LATER.get(definition["name"], {})
        assert flow.validate_parameters(given).keys() >= given.keys()


def test_workers_and_this_process_say_as_often_that_a_run_lives() -> None:
    for definition in read_definitions(read_choices(CHOICES)):
        job = definition["work_pool"]["job_variables"]
        assert job["env"] == {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}


@pytest.fixture
def _pool(prefect: SyncPrefectClient) -> None:
    with contextlib.suppress(ObjectAlreadyExists):
        prefect.create_work_pool(WorkPoolCreate(name=POOL, type="process"))


@pytest.fixture
def deployed(_pool: None, server: PrefectServer, tmp_path: Path) -> None:
    """All four, for the workers of a pool, as the command deploys them."""
    run(DEPLOY, server.environ(tmp_path, GREENLIGHT_WORK_POOL=POOL, **CHOICES))


def read_all(prefect: SyncPrefectClient) -> list[dict[str, Any]]:
    """Return what the server has of the four, but for who runs them and what is new each time."""
    fields = {
        "name",
        "entrypoint",
        "description",
        "tags",
        "parameters",
        "parameter_openapi_schema",
        "enforce_parameter_schema",
        "concurrency_options",
        "paused",
    }
    found = []
    for name in NAMES:
        one = prefect.read_deployment_by_name(name)
        limit = one.global_concurrency_limit
        found.append(
            one.model_dump(include=fields)
            | {
                "schedules": [(each.schedule, each.active) for each in one.schedules],
                "limit": limit.limit if limit else None,
                "automations": automations_of(prefect, one.id),
            }
        )
    return found


def automations_of(prefect: SyncPrefectClient, deployment: uuid.UUID) -> list[dict[str, Any]]:
    answer = prefect.request("GET", f"/automations/related-to/prefect.deployment.{deployment}")
    kept = ("name", "description", "enabled", "actions")
    # Every trigger has an id of its own.
    return [
        {name: one[name] for name in kept} | {"trigger": one["trigger"] | {"id": None}}
        for one in answer.json()
    ]


def test_both_ways_deploy_the_same(
    prefect: SyncPrefectClient, server: PrefectServer, deployed: None
) -> None:
    for_workers = read_all(prefect)
    pools = {prefect.read_deployment_by_name(name).work_pool_name for name in NAMES}
    assert pools == {POOL}

    async def serve() -> None:
        for definition in read_definitions(read_choices(CHOICES)):
            await (await make_deployment(definition)).aapply()

    asyncio.run(serve())
    assert read_all(prefect) == for_workers
    pools = {prefect.read_deployment_by_name(name).work_pool_name for name in NAMES}
    assert pools == {None}
    upload, sweep, film, collect = for_workers
    assert upload["parameters"]["defaults"] == {"models": ["emo", "wan-s2v"]}
    (automation,) = upload["automations"]
    assert automation["trigger"]["match"] == {"greenlight.via": "event"}
    assert [schedule.timezone for schedule, _ in sweep["schedules"]] == ["Asia/Shanghai"]
    assert (film["parameters"]["wait_seconds"], film["limit"]) == (0, 4)
    assert [schedule.cron for schedule, _ in collect["schedules"]] == ["* * * * *"]


def test_what_has_a_schedule_is_scheduled(prefect: SyncPrefectClient, deployed: None) -> None:
    collect = prefect.read_deployment_by_name("collect-videos/collect").id

    def scheduled() -> list[FlowRun] | None:
        return prefect.get_scheduled_flow_runs_for_deployments([collect]) or None

    assert wait_for(scheduled, seconds=120, what="a scheduled run")


def test_only_what_a_listener_announces_is_started_by_the_automation(
    prefect: SyncPrefectClient, deployed: None
) -> None:
    deployment = prefect.read_deployment_by_name(DEPLOYMENT).id

    def batch(key: str) -> Batch:
        return Batch((arrival(key, bucket=f"portraits-{uuid.uuid4().hex}"),))

    started, announced = batch("anna.png"), batch("bo.png")

    async def listen() -> None:
        await Starter(via=Via.RUN)(started)
        # Twice, as a queue may give it twice.
        for _ in range(2):
            await Starter(via=Via.EVENT)(announced)

    asyncio.run(listen())

    def runs_of(batch: Batch) -> list[FlowRun] | None:
        objects = [one.as_json() for one in batch.arrivals]
        runs = [one for one in prefect.read_flow_runs() if one.deployment_id == deployment]
        return [one for one in runs if one.parameters["objects"] == objects] or None

    (run_of_event,) = wait_for(lambda: runs_of(announced), what="the automation's run")
    assert run_of_event.parameters["defaults"] == {"models": ["emo", "wan-s2v"]}
    assert len(runs_of(started) or []) == 1
    assert len(runs_of(announced) or []) == 1


@pytest.mark.usefixtures("_pool")
@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("GREENLIGHT_OUT", "GREENLIGHT_OUT is not set; use a place like"),
        ("GREENLIGHT_WORK_POOL", "'{{ $GREENLIGHT_WORK_POOL }}'"),
    ],
)
def test_what_is_not_set_is_said_and_nothing_deployed(
    server: PrefectServer, tmp_path: Path, missing: str, words: str
) -> None:
    environ = server.environ(tmp_path, GREENLIGHT_WORK_POOL=POOL, **CHOICES)
    del environ[missing]
    said = run(DEPLOY, environ, code=1)
    assert words in said
    assert "successfully created" not in said
