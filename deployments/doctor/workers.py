"""Say whether somebody takes up the runs of the deployments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import DeploymentStatus, WorkerStatus
from prefect.exceptions import ObjectNotFound

from deployments.doctor.deployed import Deployed
from greenlight.doctor.findings import Finding, broken, ok, skipped

SUBJECT: Final = "worker"
WITHOUT_WORKERS: Final = (":push", ":managed")
"""The endings of types of pools whose runs start without a worker."""


def examine_workers(client: SyncPrefectClient, deployed: Deployed) -> Iterator[Finding]:
    """Yield how it is with each work pool, and with the process that serves what has none."""
    if not deployed:
        yield skipped(SUBJECT, "nothing is deployed that one could work on")
        return
    pools = {one.work_pool_name for one in deployed.values() if one.work_pool_name}
    for pool in sorted(pools):
        yield _of_pool(client, pool)
    served = {name: one for name, one in deployed.items() if not one.work_pool_name}
    if not served:
        return
    idle = [name for name, one in served.items() if one.status is not DeploymentStatus.READY]
    if idle:
        yield broken(
            SUBJECT,
            f"no process serves {', '.join(idle)}, so their runs wait",
            "start it: greenlight serve",
        )
    else:
        yield ok(SUBJECT, f"a process serves {', '.join(served)}")


def _of_pool(client: SyncPrefectClient, name: str) -> Finding:
    start = f"start one: prefect worker start --pool {name}"
    try:
        pool = client.read_work_pool(name)
    except ObjectNotFound:
        return broken(
            SUBJECT,
            f"there is no work pool {name}",
            f"make it: prefect work-pool create {name} --type process; then {start}",
        )
    if pool.is_paused:
        return broken(
            SUBJECT,
            f"the work pool {name} is paused, so its runs wait",
            f"prefect work-pool resume {name}",
        )
    if pool.type.endswith(WITHOUT_WORKERS):
        return ok(SUBJECT, f"the work pool {name} ({pool.type}) needs none")
    workers = client.read_workers_for_work_pool(name)
    online = [one.name for one in workers if one.status is WorkerStatus.ONLINE]
    if not online:
        return broken(
            SUBJECT, f"no worker is online in the work pool {name}, so its runs wait", start
        )
    return ok(SUBJECT, f"online in the work pool {name}: {', '.join(online)}")
