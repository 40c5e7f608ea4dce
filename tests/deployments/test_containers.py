"""The files for containers, as far as a machine without an engine can tell."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import click
import pytest
import typer
import yaml
from prefect.cli._app import _app as prefect_commands
from prefect.settings.legacy import _get_settings_fields
from prefect.settings.models.root import Settings
from prefect_redis.cleanup_queue import RedisWorkerCleanupQueueSettings
from prefect_redis.client import RedisMessagingSettings
from pydantic import BaseModel, ConfigDict, Field

from cli.main import app
from greenlight import __version__
from tests.bucket import SURROUNDINGS, Bucket
from tests.deployments.servers import ROOT, run, surroundings

DEPLOYMENTS = ROOT / "deployments"


class Strict(BaseModel):
    """A part of a compose file, with those of the specification's keys that ours uses and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Build(Strict):
    context: Literal[".."]
    dockerfile: Literal["deployments/Dockerfile"]


class Condition(Strict):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Healthcheck(Strict):
    test: list[str]
    interval: str = Field(pattern=r"^\d+s$")
    timeout: str = Field(pattern=r"^\d+s$")
    retries: int


class Replicas(Strict):
    replicas: int


class Service(Strict):
    image: str
    build: Build | None = None
    command: list[str] | None = None
    profiles: list[str] = []
    restart: Literal["no", "unless-stopped"] = "no"
    env_file: list[str] = []
    environment: dict[str, str] = {}
    ports: list[str] = []
    volumes: list[str] = []
    depends_on: dict[str, Condition] = {}
    healthcheck: Healthcheck | None = None
    deploy: Replicas | None = None
    stop_grace_period: str = Field(default="10s", pattern=r"^\d+s$")


class Compose(BaseModel):
    """A whole file; what begins with x- holds anchors."""

    model_config = ConfigDict(strict=True)

    name: str
    services: dict[str, Service]
    volumes: dict[str, None]


@pytest.fixture(scope="module")
def compose() -> Compose:
    document = yaml.safe_load((DEPLOYMENTS / "compose.yaml").read_text())
    known = {"name", "services", "volumes"}
    assert all(key in known or key.startswith("x-") for key in document)
    return Compose.model_validate(document)


def variables_of(name: str) -> dict[str, str]:
    lines = (DEPLOYMENTS / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def commands_in(compose: Compose) -> Iterator[list[str]]:
    """Yield every command of Greenlight's or Prefect's that a container runs, in words."""
    for service in compose.services.values():
        script = service.command or []
        if script[:2] == ["sh", "-ec"]:
            lines = re.split(r"\n|\|\|", script[2])
            found = [shlex.split(line.partition(">")[0]) for line in lines if "'" not in line]
        else:
            found = [script]
        yield from (words for words in found if words and words[0] in {"prefect", "greenlight"})


def test_services_wait_only_for_what_can_happen(compose: Compose) -> None:
    for service in compose.services.values():
        for name, condition in service.depends_on.items():
            other = compose.services[name]
            # What is in a profile is not always there.
            assert set(other.profiles) <= set(service.profiles)
            if condition.condition == "service_healthy":
                assert other.healthcheck
            if condition.condition == "service_completed_successfully":
                assert other.restart == "no"
        for volume in service.volumes:
            assert volume.partition(":")[0] in compose.volumes


def test_images_are_ours_or_public_and_pinned(compose: Compose) -> None:
    images = {one.image for one in compose.services.values()}
    assert images == {"greenlight", "postgres:16", "redis:7", "motoserver/moto:5.2.5"}
    assert all(bool(one.build) == (one.image == "greenlight") for one in compose.services.values())


def test_nothing_is_open_to_the_network(compose: Compose) -> None:
    for service in compose.services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.ports)


def test_every_variable_stands_in_both_environments(compose: Compose) -> None:
    text = (DEPLOYMENTS / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text))
    assert asked == {
        "DATABASE_PASSWORD",
        "SERVER_PASSWORD",
        "GREENLIGHT_ENV",
        "GREENLIGHT_QUEUE",
    }
    for name in ("example.env", "try.env"):
        variables = variables_of(name)
        assert asked <= variables.keys()
        assert {"DASHSCOPE_API_KEY", "GREENLIGHT_UPLOADS", "GREENLIGHT_OUT"} <= variables.keys()
    assert variables_of("try.env")["GREENLIGHT_ENV"] == "try.env"
    assert not any(
        variables_of("example.env")[one] for one in ("DASHSCOPE_API_KEY", "SERVER_PASSWORD")
    )


def parse(command: click.Command, words: list[str]) -> None:
    """Fail if a command line of ours is not one that there is."""
    with click.Context(command) as context:
        if isinstance(command, click.Group):
            _, below, rest = command.resolve_command(context, words)
            assert below is not None
            parse(below, rest)
        else:
            command.make_context(command.name, list(words))


def test_every_command_is_one_that_there_is(compose: Compose) -> None:
    seen = set()
    ours = typer.main.get_command(app)
    for program, *words in commands_in(compose):
        seen.add(f"{program} {words[0]} {words[1]}")
        if program == "prefect":
            plain = [word for word in words if word != "--no-prompt"]
            prefect_commands.parse_args(plain, exit_on_error=False, print_error=False)
        else:
            parse(ours, words)
    assert len(seen) >= 7


def settings_in(compose: Compose) -> dict[str, str]:
    found = variables_of("example.env") | variables_of("try.env")
    for service in compose.services.values():
        if service.image == "greenlight":
            found |= service.environment
    for chart in ("server", "worker"):
        for variable in walk(yaml.safe_load((DEPLOYMENTS / "helm" / f"{chart}.yaml").read_text())):
            found[variable["name"]] = variable.get("value", "")
    return found


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all variables of containers in values of a chart."""
    if isinstance(value, list):
        for one in value:
            yield from walk(one)
    elif isinstance(value, dict):
        if "name" in value and ("value" in value or "valueFrom" in value):
            yield value
        for one in value.values():
            yield from walk(one)


def test_every_setting_of_prefect_is_one_that_it_knows(compose: Compose) -> None:
    known = set(_get_settings_fields(Settings))
    for prefix, model in (
        ("PREFECT_REDIS_MESSAGING_", RedisMessagingSettings),
        ("PREFECT_REDIS_WORKER_CLEANUP_QUEUE_", RedisWorkerCleanupQueueSettings),
    ):
        known |= {prefix + name.upper() for name in model.model_fields}
    used = {name for name in settings_in(compose) if name.startswith("PREFECT_")}
    assert used <= known
    assert len(used) > 10


def test_slots_outlive_a_restart_and_free_ones_are_found_soon(compose: Compose) -> None:
    chart = yaml.safe_load((DEPLOYMENTS / "helm" / "server.yaml").read_text())
    of_chart = {one["name"]: one["value"] for one in chart["global"]["prefect"]["env"]}
    for server in (
        *(compose.services[name].environment for name in ("server", "services")),
        of_chart,
    ):
        assert server["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"] == "prefect_redis.lease_storage"
        assert server["PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS"] == "5"


def test_every_setting_of_ours_is_read_somewhere(compose: Compose) -> None:
    sources = [
        *DEPLOYMENTS.glob("*.py"),
        DEPLOYMENTS / "prefect.yaml",
        DEPLOYMENTS / "compose.yaml",
    ]
    text = "".join(one.read_text() for one in [*sources, ROOT / "greenlight" / "settings.py"])
    for name in settings_in(compose):
        if name.startswith(("GREENLIGHT_", "DASHSCOPE_")):
            assert name in text, name


def test_every_module_that_a_setting_names_can_be_loaded(compose: Compose) -> None:
    named = {value for value in settings_in(compose).values() if value.startswith("prefect_")}
    assert len(named) == 4
    for name in named:
        importlib.import_module(name)


def test_the_image_is_built_from_what_there_is_and_runs_as_nobody_special() -> None:
    text = (DEPLOYMENTS / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert all((ROOT / source).exists() for source in sources)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"]} <= sources
    assert {project["project"]["readme"], *project["project"]["license-files"]} <= sources
    ignored = (DEPLOYMENTS / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert {f"!{source.partition('/')[0]}" for source in sources} <= set(ignored)
    assert "--require-hashes" in text
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE)[-1] == "greenlight"
    images = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert images == ["python:3.11-slim", "locked", "locked"]


CHART_KEYS = {
    "server": {
        "global.prefect.image": {"repository", "prefectTag", "pullPolicy", "pullSecrets"},
        "global.prefect": {"image", "env"},
        "server": {"basicAuth", "readinessProbe", "livenessProbe", "env", "replicaCount"},
        "server.basicAuth": {"enabled", "authString", "existingSecret"},
        "server.readinessProbe": {"enabled", "config"},
        "backgroundServices": {"runAsSeparateDeployment", "env", "messaging", "resources"},
        "backgroundServices.messaging": {"broker", "cache", "redis"},
        "backgroundServices.messaging.redis": {"host", "port", "db", "username", "password", "ssl"},
        "postgresql": {"enabled", "auth", "primary", "image"},
        "secret": {"create", "name", "username", "password", "host", "port", "database"},
        "": {"global", "server", "backgroundServices", "postgresql", "secret", "redis"},
    },
    "worker": {
        "worker": {
            *("image", "config", "apiConfig", "selfHostedServerApiConfig", "replicaCount"),
            *("resources", "extraEnvVarsSecret", "extraEnvVars", "extraContainers"),
        },
        "worker.image": {"repository", "prefectTag", "pullPolicy", "pullSecrets", "debug"},
        "worker.config": {"workPool", "workQueues", "queryInterval", "type", "name", "limit"},
        "worker.selfHostedServerApiConfig": {"apiUrl", "basicAuth"},
        "worker.selfHostedServerApiConfig.basicAuth": {"enabled", "authString", "existingSecret"},
        "worker.resources": {"requests", "limits"},
        "role": {"create", "extraPermissions"},
        "rolebinding": {"create"},
        "": {"worker", "role", "rolebinding", "serviceAccount"},
    },
}
"""Of each chart's values some that may be used, as the charts' own values and tests name them."""


@pytest.mark.parametrize("chart", ["server", "worker"])
def test_the_charts_know_every_key(chart: str) -> None:
    values = yaml.safe_load((DEPLOYMENTS / "helm" / f"{chart}.yaml").read_text())
    for path, known in CHART_KEYS[chart].items():
        part = values
        for name in filter(None, path.split(".")):
            part = part[name]
        assert part.keys() <= known, path
    image = values["worker"]["image"] if chart == "worker" else values["global"]["prefect"]["image"]
    assert (image["repository"], image["prefectTag"]) == ("greenlight", __version__)


def test_the_stand_ins_are_filled_as_written(
    compose: Compose, bucket: Bucket, tmp_path: Path
) -> None:
    command = compose.services["uploads"].command
    assert command is not None
    moto = SURROUNDINGS | {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"]}
    variables = variables_of("try.env") | moto
    said = run(command, surroundings(tmp_path, **variables))
    assert "Now run: greenlight listen --queue" in said
    found = bucket.client.list_objects_v2(Bucket="portraits", Prefix="uploads/")
    assert [one["Key"] for one in found["Contents"]] == ["uploads/anna.mp3", "uploads/anna.png"]
