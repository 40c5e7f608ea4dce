"""Read the deployments of `prefect.yaml`, for a process that serves them itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml  # type: ignore[import-untyped]
from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentTriggerTypes, TriggerTypes
from prefect.flows import load_flow_from_entrypoint
from prefect.schedules import Schedule
from prefect.types.entrypoint import EntrypointType
from prefect.utilities.templating import apply_values
from pydantic import TypeAdapter

PREFECT_FILE = Path(__file__).with_name("prefect.yaml")
HEARTBEAT_SECONDS = 30
"""How often a run says that it lives, as the file has it for workers; Prefect takes nothing less."""
_TRIGGER: TypeAdapter[DeploymentTriggerTypes] = TypeAdapter(DeploymentTriggerTypes)


def read_definitions(choices: Mapping[str, Any], file: Path = PREFECT_FILE) -> list[dict[str, Any]]:
    """Return what a file says of each deployment, with the user's choices filled in.

    What only an event or a worker can fill in stays as it is written.
    """
    written = yaml.safe_load(file.read_text())["deployments"]
    filled_in = apply_values(written, {"yours": dict(choices)}, remove_notset=False)
    return cast("list[dict[str, Any]]", filled_in)


async def make_deployment(definition: Mapping[str, Any]) -> RunnerDeployment:
    """Return the deployment of a definition, to be run by the process that made it."""
    flow: Flow[..., Any] = load_flow_from_entrypoint(definition["entrypoint"])
    limit = definition.get("concurrency_limit")
    triggers: list[DeploymentTriggerTypes | TriggerTypes] = [
        _TRIGGER.validate_python(one) for one in definition.get("triggers", [])
    ]
    deployment = await flow.ato_deployment(
        name=definition["name"],
        description=definition.get("description"),
        tags=definition.get("tags"),
        parameters=definition.get("parameters"),
        schedules=[Schedule(**one) for one in definition.get("schedules", [])],
        concurrency_limit=ConcurrencyLimitConfig(**limit) if limit else None,
        triggers=triggers,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    # Said expressly, or a deployment that workers have run until now would stay theirs.
    deployment.work_pool_name = None
    deployment.work_queue_name = None
    return deployment
