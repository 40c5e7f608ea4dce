"""What `greenlight serve` says of itself, and what the runs say that it begins."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml  # type: ignore[import-untyped]
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from deployments import serving
from deployments.definitions import PREFECT_FILE
from greenlight.settings import Settings
from tests.bucket import Bucket
from tests.cli.books import submitted
from tests.cli.conftest import Ran
from tests.cli.sentences.shell import Says, expect_snapshot, name_of, shown, steady
from tests.cli.sentences.test_listen import stopped_after
from tests.cli.test_collect import UNKNOWN_TASK
from tests.conftest import SAMPLES
from tests.deployments.servers import start
from tests.programs import Program, running, wait_until
from tests.uploads.messages import arrival
from tests.website import Website

SECONDS = 400.0
COMMAND = "greenlight serve --prefect-file mine.yaml"
OURS = r"^\d{4}-|\| (Flow run|Task run|greenlight\.)"
PREFECTS_OWN = "Beginning flow run|View at|Finished in state (Completed|Cached)"
NAMES = ["on-upload", "sweep", "film", "collect"]


@pytest.fixture(autouse=True)
def _deployments(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of Greenlight, which nothing starts by itself, for a folder and with one model."""
    file: dict[str, Any] = yaml.safe_load(PREFECT_FILE.read_text())
    for one in file["deployments"]:
        one.pop("schedules", None)
        one.pop("triggers", None)
    (desk / "mine.yaml").write_text(yaml.safe_dump(file))
    (desk / "empty").mkdir()
    monkeypatch.setenv("GREENLIGHT_UPLOADS", str(desk / "empty"))
    monkeypatch.setenv("GREENLIGHT_OUT", str(desk / "videos"))
    monkeypatch.setenv("GREENLIGHT_MODELS", "animate-anyone")


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    """A client of a server that has none of the deployments afterwards."""
    with get_client(sync_client=True) as connected:
        yield connected
        for name in NAMES:
            for one in deployments_called(connected, name):
                connected.delete_deployment(one)


def deployments_called(client: SyncPrefectClient, name: str) -> list[Any]:
    only = DeploymentFilter(name=DeploymentFilterName(any_=[name]))
    return [one.id for one in client.read_deployments(deployment_filter=only)]


@pytest.fixture
def serve(desk: Path, settings: Settings, bucket: Bucket, client: SyncPrefectClient) -> Program:
    """The command as a process of its own, from which the runs' processes come."""
    command = [sys.executable, "-m", "cli", "serve", "--prefect-file", str(desk / "mine.yaml")]
    environ = os.environ | {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
    return Program("serve", command, environ, desk)


def test_runs(
    serve: Program,
    client: SyncPrefectClient,
    settings: Settings,
    bucket: Bucket,
    desk: Path,
    request: pytest.FixtureRequest,
) -> None:
    bucket.put("uploads/anna.png", (desk / "anna.png").read_bytes())
    bucket.put("uploads/anna.mp4", (SAMPLES / "wave.mp4").read_bytes())
    submitted(settings, UNKNOWN_TASK, hours_ago=21)

    def says(words: str) -> None:
        wait_until(
            lambda: not serve.is_running or words in serve.log.read_text(),
            seconds=SECONDS,
            what=words,
        )
        assert serve.is_running, serve.tail()

    with running(serve):
        says("serving on-upload")
        start(client, "screen-portraits/sweep")
        says("Finished in state Swept")
        objects = [
            arrival(f"uploads/{name}", bucket=bucket.name).as_json()
            for name in ("anna.png", "notes.txt")
        ]
        start(client, "on-upload/on-upload", objects=objects)
        says("a run comes back to it")
        start(client, "collect-videos/collect")
        says("Finished in state Collected")
        serve.stop()
    lines = serve.log.read_text().splitlines(keepends=True)
    ours = [one for one in lines if re.search(OURS, one) and not re.search(PREFECTS_OWN, one)]
    ran = Ran(0, "", "".join(ours))
    expect_snapshot(name_of(request), steady(shown(COMMAND, ran), desk))


def test_a_server_that_gives_up(says: Says, website: Website) -> None:
    made = {"id": str(uuid4()), "flow_id": str(uuid4()), "name": "collect"}
    website.put("/api/work_pools/filter", b"[]")
    for path in ("/api/flows/", "/api/deployments/", f"/api/deployments/{made['id']}"):
        website.put(path, json.dumps(made).encode())
    at = {PREFECT_API_URL: f"{website.url}/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(at), stopped_after("runner ended", lambda: None, serving.logger):
        says(COMMAND)


def test_a_server_that_takes_no_deployments(says: Says, website: Website) -> None:
    website.put("/api/work_pools/filter", b"[]")
    with temporary_settings({PREFECT_API_URL: f"{website.url}/api", PREFECT_CLIENT_MAX_RETRIES: 0}):
        says(COMMAND)
