"""What is said of the Prefect server and of what is deployed to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import prefect
import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolUpdate
from prefect.settings import PREFECT_API_URL, temporary_settings

from blocks.model_studio import ModelStudioCredentials
from deployments.automations import set_up
from deployments.doctor.leases import IN_MEMORY
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says
from tests.deployments.wanted import deployed
from tests.website import Website

DOCTOR = "greenlight doctor --timeout 60"
PREFECT = ("Prefect server", "blocks", "deployments", "automations", "worker")
QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads"
pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    """A server that knows the type of credentials, and none of our automations."""
    with get_client(sync_client=True) as connected:
        for one in connected.read_automations():
            connected.delete_automation(one.id)
        ModelStudioCredentials.register_type_and_schema()
        yield connected


@contextmanager
def server_at(url: str | None) -> Iterator[None]:
    chosen = {PREFECT_API_URL: url} if url else {}
    with temporary_settings(chosen, restore_defaults=set() if url else {PREFECT_API_URL}):
        yield


def test_no_server(says: Says) -> None:
    with server_at(None):
        says(
            f"greenlight listen --queue {QUEUE}",
            "greenlight serve",
            "greenlight setup automations",
        )


def test_a_server_that_does_not_answer(says: Says, desk: Path) -> None:
    with server_at("http://127.0.0.1:9/api"):
        says(
            f"GREENLIGHT_UPLOADS={desk} GREENLIGHT_OUT={desk}/videos greenlight serve",
            "greenlight setup automations",
        )


def test_what_the_doctor_says_of_a_server_that_does_not_answer(says: Says) -> None:
    with server_at("http://me:secret@127.0.0.1:9/api"):
        says(DOCTOR, about=PREFECT)


def test_no_prefect_at_the_address(says: Says, website: Website) -> None:
    website.put("/api/admin/version", b"<html>")
    with server_at(f"{website.url}/api"):
        says(DOCTOR, about=PREFECT)


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_refuses(says: Says, website: Website, status: int) -> None:
    for path in ("/api/admin/version", "/api/automations/filter"):
        website.put(path, b"{}", status=status)
    with server_at(f"{website.url}/api"):
        says(DOCTOR, about=PREFECT)


@pytest.mark.parametrize("status", [401, 409])
def test_a_server_that_takes_nothing(says: Says, website: Website, desk: Path, status: int) -> None:
    website.put("/api/work_pools/filter", b'{"detail": "Not you."}', status=status)
    with server_at(f"{website.url}/api"):
        says(f"GREENLIGHT_UPLOADS={desk} GREENLIGHT_OUT={desk}/videos greenlight serve")


def test_no_work_pool(says: Says, website: Website) -> None:
    website.put("/api/admin/version", f'"{prefect.__version__}"'.encode())
    deployment = {"id": str(uuid4()), "flow_id": str(uuid4()), "name": "on-upload"} | {
        "work_pool_name": "gone"
    }
    website.put("/api/deployments/name/on-upload/on-upload", json.dumps(deployment).encode())
    with server_at(f"{website.url}/api"):
        says(DOCTOR, about=("worker",))


@pytest.mark.parametrize("version", ["2.0.0", "3.0.0"])
def test_an_old_server(says: Says, website: Website, version: str) -> None:
    website.put("/api/admin/version", f'"{version}"'.encode())
    with server_at(f"{website.url}/api"):
        says(DOCTOR, about=PREFECT)


def test_slots_that_a_restart_would_keep(says: Says, website: Website) -> None:
    website.put("/api/admin/version", f'"{prefect.__version__}"'.encode())
    told = {"server": {"concurrency": {"lease_storage": IN_MEMORY}}}
    website.put("/api/admin/settings", json.dumps(told).encode())
    with server_at(f"{website.url}/api"):
        says(DOCTOR, about=("Prefect server",))


def test_choices(says: Says, prefect_server: None, desk: Path) -> None:
    chosen = f"GREENLIGHT_UPLOADS={desk} GREENLIGHT_OUT={desk}/videos"
    says(
        "greenlight serve",
        "GREENLIGHT_UPLOADS=s3://my-portraits/in/ greenlight serve",
        "GREENLIGHT_UPLOADS=ftp://my-portraits greenlight serve",
        "GREENLIGHT_UPLOADS=s3://a/in/ GREENLIGHT_OUT=s3://a/in/videos/ greenlight serve",
        f"{chosen} GREENLIGHT_MODELS=emo,veo greenlight serve",
        f"{chosen} GREENLIGHT_NEEDS=lunch greenlight serve",
        "GREENLIGHT_UPLOADS=~nobody-4711/portraits greenlight serve",
        f"{chosen} GREENLIGHT_SWEEP_CRON=nightly greenlight serve",
        f"{chosen} GREENLIGHT_TIMEZONE=Mars/Olympus greenlight serve",
    )


def test_nothing_is_deployed(says: Says, client: SyncPrefectClient) -> None:
    says(DOCTOR, f"{DOCTOR} --credentials mine", about=PREFECT)


def test_no_type_of_credentials(says: Says, client: SyncPrefectClient) -> None:
    known = client.read_block_type_by_slug(ModelStudioCredentials.get_block_type_slug())
    client.delete_block_type(known.id)
    says(f"{DOCTOR} --credentials mine", about=("blocks",))


def test_all_is_deployed(says: Says, client: SyncPrefectClient) -> None:
    with deployed(client) as made:
        client.send_worker_heartbeat(made[0].pool, "worker-1", heartbeat_interval_seconds=30)
        says(DOCTOR, about=PREFECT)


def test_paused(says: Says, client: SyncPrefectClient) -> None:
    with deployed(client, parameters={"credentials": "mine"}) as made:
        client.update_work_pool(made[0].pool, WorkPoolUpdate(is_paused=True))
        client.update_deployment(made[1].id, DeploymentUpdate(paused=True))
        client.delete_deployment(made[0].id)
        says(DOCTOR, about=PREFECT)


@pytest.mark.parametrize("pool", ["", None], ids=["in a pool", "without a pool"])
def test_nobody_works(says: Says, client: SyncPrefectClient, pool: str | None) -> None:
    with deployed(client, pool=pool):
        says(DOCTOR, about=PREFECT)


def test_automations(says: Says, client: SyncPrefectClient) -> None:
    says(
        "greenlight setup automations",
        "greenlight setup automations --apply",
        "greenlight setup automations --apply",
        "greenlight setup automations --notify ops",
        "greenlight setup automations --notify slack-webhook/nobody-4711",
    )


def test_automations_that_are_there(says: Says, client: SyncPrefectClient) -> None:
    for change in set_up(client, notify=None, apply=True):
        assert change.verb == "create"
    says(DOCTOR, about=PREFECT)


def test_automations_that_tell_people(
    says: Says, greenlight: Greenlight, client: SyncPrefectClient
) -> None:
    CustomWebhookNotificationBlock(name="ops", url="https://hooks.example.com").save(
        "ops", overwrite=True
    )
    greenlight("setup", "automations", "--notify", "custom-webhook/ops", "--apply")
    says(DOCTOR, about=("automations",))


def test_automations_that_are_switched_off(says: Says, client: SyncPrefectClient) -> None:
    set_up(client, notify=None, apply=True)
    for one in client.read_automations():
        client.pause_automation(one.id)
    says(DOCTOR, about=("automations",))
