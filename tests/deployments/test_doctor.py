"""Looking at a real Prefect server and at what was deployed to it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolUpdate
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE,
    temporary_settings,
)
from pydantic import SecretStr

from blocks.model_studio import ModelStudioCredentials
from deployments.automations import set_up
from deployments.definitions import PREFECT_FILE, read_definitions
from deployments.doctor.deployed import WANTED
from deployments.doctor.examination import examine_prefect
from deployments.doctor.leases import IN_FILES, IN_MEMORY, examine_leases
from deployments.doctor.server import examine_server
from greenlight.doctor.findings import Finding, State
from tests.deployments.wanted import Deployment, deployed
from tests.website import Website

PATIENT = 60.0


def look(credentials: str | None = None) -> dict[str, Finding]:
    return {one.subject: one for one in examine_prefect(credentials=credentials, seconds=PATIENT)}


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as connected:
        yield connected


@pytest.fixture
def deployments(client: SyncPrefectClient) -> Iterator[list[Deployment]]:
    """All that are wanted, for a work pool of this test's own."""
    with deployed(client) as made:
        yield made


@contextmanager
def api_at(url: str) -> Iterator[None]:
    with temporary_settings({PREFECT_API_URL: url}):
        yield


def test_the_deployments_that_are_wanted_are_those_of_the_file() -> None:
    names = [one["name"] for one in read_definitions({}, PREFECT_FILE)]
    assert [name.partition("/")[2] for name in WANTED] == names


def test_all_is_fine_with_everything_deployed_and_a_worker(
    client: SyncPrefectClient, deployments: list[Deployment]
) -> None:
    client.send_worker_heartbeat(deployments[0].pool, "worker-1", heartbeat_interval_seconds=30)
    found = look()
    for subject in ("Prefect server", "blocks", "deployments", "worker"):
        assert found[subject].state is State.OK, found[subject]
    assert "worker-1" in found["worker"].sentence


def test_without_a_server_named_there_is_one_line_and_it_says_so() -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        found = look()
    assert list(found) == ["Prefect server"]
    assert found["Prefect server"].state is State.SKIPPED
    assert "temporary server of its own" in found["Prefect server"].sentence
    assert "PREFECT_API_URL=" in found["Prefect server"].advice


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with api_at("http://admin:secret@127.0.0.1:9/api"):
        found = look()
    assert list(found) == ["Prefect server"]
    assert found["Prefect server"].state is State.BROKEN
    assert "no server answers at http://127.0.0.1:9/api" in found["Prefect server"].sentence
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"<html>Welcome</html>", 200, "is not a Prefect server"),
        (b'{"detail": "Not Found"}', 404, "is not a Prefect server"),
        (b'{"version": 3}', 200, "is not a Prefect server"),
        (b'{"detail": "Unauthorized"}', 401, "requires a password (HTTP 401)"),
        (b"broken", 500, "has a fault of its own (HTTP 500)"),
        (b'"2.20.9"', 200, "does not speak with it"),
    ],
)
def test_what_is_no_server_for_us_is_named(
    website: Website, content: bytes, status: int, words: str
) -> None:
    website.put("/api/admin/version", content, status=status)
    with api_at(f"{website.url}/api"):
        found = look()
    assert list(found) == ["Prefect server"]
    assert found["Prefect server"].state is State.BROKEN
    assert words in found["Prefect server"].sentence


def test_an_older_server_is_a_warning(website: Website) -> None:
    website.put("/api/admin/version", b'"3.0.1"')
    url = f"{website.url}/api"
    with api_at(url), get_client(sync_client=True) as client:
        assert examine_server(client, url).state is State.WARNING


@pytest.mark.parametrize(
    "told", [b"", b"[]", b"{}", b'{"server": null}', b'{"server": {"concurrency": {}}}']
)
def test_nothing_is_said_of_leases_where_the_server_does_not_tell(
    website: Website, told: bytes
) -> None:
    website.put("/api/admin/settings", told)
    with api_at(f"{website.url}/api"), get_client(sync_client=True) as client:
        assert list(examine_leases(client)) == []
    with api_at(f"{website.url}/nothing"), get_client(sync_client=True) as client:
        assert list(examine_leases(client)) == []


def test_a_server_that_keeps_leases_in_memory_is_a_warning(
    website: Website, client: SyncPrefectClient
) -> None:
    assert list(examine_leases(client)) == []
    told = client.request("GET", "/admin/settings").json()
    assert told["server"]["concurrency"]["lease_storage"] == IN_FILES
    told["server"]["concurrency"]["lease_storage"] = IN_MEMORY
    website.put("/api/admin/settings", json.dumps(told).encode())
    with api_at(f"{website.url}/api"), get_client(sync_client=True) as other:
        (found,) = examine_leases(other)
    assert found.state is State.WARNING
    assert found.advice.endswith(f"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE={IN_FILES}")


def test_leases_are_in_memory_where_nobody_says_otherwise() -> None:
    with temporary_settings(restore_defaults={PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE}):
        assert PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE.value() == IN_MEMORY


def test_missing_deployments_are_named_with_the_command(
    client: SyncPrefectClient, deployments: list[Deployment]
) -> None:
    client.delete_deployment(deployments[1].id)
    found = look()["deployments"]
    assert found.state is State.BROKEN
    assert found.sentence == "not deployed: screen-portraits/sweep"
    assert "prefect --no-prompt deploy --all --prefect-file deployments/prefect.yaml" in str(
        found.advice
    )


def test_with_nothing_deployed_no_worker_is_looked_for(client: SyncPrefectClient) -> None:
    with deployed(client):
        """Whatever other tests have left is overwritten, and taken away with it."""
    found = look()
    assert all(name in found["deployments"].sentence for name in WANTED)
    assert found["worker"].state is State.SKIPPED


def test_paused_deployments_are_a_warning(
    client: SyncPrefectClient, deployments: list[Deployment]
) -> None:
    client.update_deployment(deployments[3].id, DeploymentUpdate(paused=True))
    found = look()["deployments"]
    assert found.state is State.WARNING
    assert found.sentence.endswith(": collect-videos/collect")


@pytest.mark.usefixtures("deployments")
def test_a_pool_without_a_worker_is_named(deployments: list[Deployment]) -> None:
    found = look()["worker"]
    assert found.state is State.BROKEN
    assert f"no worker is online in the work pool {deployments[0].pool}" in found.sentence
    assert found.advice == f"start one: prefect worker start --pool {deployments[0].pool}"


def test_deployments_that_no_process_serves_are_named(client: SyncPrefectClient) -> None:
    with deployed(client, pool=None):
        found = look()["worker"]
    assert found.state is State.BROKEN
    assert "no process serves on-upload/on-upload" in found.sentence
    assert "greenlight serve" in str(found.advice)


def test_deployments_that_a_process_polls_for_are_served(client: SyncPrefectClient) -> None:
    with deployed(client, pool=None) as made:
        # As Prefect's runner does; the server notes it after its answer.
        asked = {"deployment_ids": [str(one.id) for one in made]}
        client.request("POST", "/deployments/get_scheduled_flow_runs", json=asked)
        while (found := look()["worker"]).state is not State.OK:
            assert "no process serves" in found.sentence
    assert found.sentence.startswith("a process serves on-upload/on-upload")


def test_a_block_that_is_named_must_be_there(client: SyncPrefectClient) -> None:
    name = f"studio-{uuid.uuid4().hex}"
    assert look(name)["blocks"].state is State.BROKEN
    ModelStudioCredentials(api_key=SecretStr("sk-secret-4711")).save(name)
    assert look(name)["blocks"].sentence == f"there: {name}"
    other = look(f"{name}-other")["blocks"]
    assert other.state is State.BROKEN
    assert f"there is no block {name}-other" in other.sentence
    with deployed(client, parameters={"credentials": f"{name}-third"}):
        assert f"{name}-third" in look(name)["blocks"].sentence


def test_automations_that_are_missing_or_switched_off_are_a_warning(
    client: SyncPrefectClient,
) -> None:
    def take_away() -> None:
        for made in client.read_automations():
            if made.name.startswith("greenlight: "):
                client.delete_automation(made.id)

    take_away()
    try:
        missing = look()["automations"]
        assert (missing.state, missing.advice) == (
            State.WARNING,
            "run: greenlight setup automations --apply",
        )
        set_up(client, notify=None, apply=True)
        there = look()["automations"]
        assert there.state is State.OK
        assert "nobody is told" in there.sentence
        one = client.read_automations_by_name("greenlight: silent runs are crashed")[0]
        client.pause_automation(one.id)
        off = look()["automations"]
        assert (off.state, off.sentence) == (
            State.WARNING,
            "switched off: silent runs are crashed",
        )
    finally:
        take_away()


def test_a_pool_that_is_paused_is_named(
    client: SyncPrefectClient, deployments: list[Deployment]
) -> None:
    client.update_work_pool(deployments[0].pool, WorkPoolUpdate(is_paused=True))
    found = look()["worker"]
    assert (found.state, "is paused" in found.sentence) == (State.BROKEN, True)
    assert found.advice == f"prefect work-pool resume {deployments[0].pool}"
