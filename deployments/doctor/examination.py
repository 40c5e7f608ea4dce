"""Look at all of Prefect that the runs depend on, one after the other, through one client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from deployments.doctor.automations import examine_automations
from deployments.doctor.blocks import examine_blocks
from deployments.doctor.deployed import examine_deployments, read_deployed
from deployments.doctor.leases import examine_leases
from deployments.doctor.server import START_ONE, SUBJECT, examine_server
from deployments.doctor.workers import examine_workers
from greenlight.doctor.findings import Finding, State, broken, skipped

SHARE_OF_TIME: Final = 0.6
"""Of the time that there is, what one request may take."""


def examine_prefect(*, credentials: str | None, seconds: float) -> Iterator[Finding]:
    """Yield the findings of server, blocks, deployments, automations and workers.

    `credentials` names a block that the deployments take the key from; those that they name are looked for
    too. Without a server, or with one that does not answer, the rest is not looked at.
    """
    url = PREFECT_API_URL.value()
    if not url:
        yield skipped(
            SUBJECT,
            "PREFECT_API_URL is not set, so every run uses a temporary server of its own; uploads, schedules "
            "and workers need one that stays",
            START_ONE,
        )
        return
    # What fails is told at once, and not tried again for a minute.
    impatient = temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0})
    timeout = {"timeout": seconds * SHARE_OF_TIME}
    with impatient, get_client(sync_client=True, httpx_settings=timeout) as client:
        server = examine_server(client, url)
        yield server
        if server.state is State.BROKEN:
            return
        yield from examine_leases(client)
        yield from _deployed(client, credentials)


def _deployed(client: SyncPrefectClient, credentials: str | None) -> Iterator[Finding]:
    deployed = read_deployed(client)
    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        "blocks": lambda: examine_blocks(client, deployed, credentials),
        "deployments": lambda: examine_deployments(deployed),
        "automations": lambda: examine_automations(client),
        "worker": lambda: examine_workers(client, deployed),
    }
    for subject, look in looks.items():
        try:
            yield from look()
        except httpx.HTTPError as error:
            yield broken(
                subject,
                f"the Prefect server does not tell ({type(error).__name__})",
                "check the server's log",
            )
