"""Say which of the deployments are there, and which of them are paused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from greenlight.doctor.findings import Finding, broken, ok, warning

SUBJECT: Final = "deployments"
WANTED: Final = (
    "on-upload/on-upload",
    "screen-portraits/sweep",
    "portrait-to-video/film",
    "collect-videos/collect",
)
"""The flows and names that `prefect.yaml` makes."""
DEPLOY: Final = (
    "deploy them: prefect --no-prompt deploy --all --prefect-file deployments/prefect.yaml; or run them "
    "all from one process: greenlight serve"
)

Deployed = Mapping[str, DeploymentResponse]


def read_deployed(client: SyncPrefectClient) -> Deployed:
    """Return those deployments that are there, by flow and name."""
    found = {}
    for name in WANTED:
        try:
            found[name] = client.read_deployment_by_name(name)
        except ObjectNotFound:
            continue
    return found


def examine_deployments(deployed: Deployed) -> Iterator[Finding]:
    """Yield what is missing, and what is paused."""
    missing = [name for name in WANTED if name not in deployed]
    if missing:
        yield broken(SUBJECT, f"not deployed: {', '.join(missing)}", DEPLOY)
    paused = [name for name, one in deployed.items() if _is_paused(one)]
    if paused:
        yield warning(
            SUBJECT,
            f"paused, so their schedules start nothing: {', '.join(paused)}",
            "switch them on in Prefect's UI, or deploy them again",
        )
    if not missing and not paused:
        yield ok(SUBJECT, f"all are there: {', '.join(deployed)}")


def _is_paused(deployment: DeploymentResponse) -> bool:
    schedules = deployment.schedules or []
    return deployment.paused or (bool(schedules) and not any(one.active for one in schedules))
