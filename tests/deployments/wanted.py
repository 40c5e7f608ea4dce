"""Deploy what the doctor looks for, to a real server, and take it away again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate

from deployments.doctor.deployed import WANTED


@dataclass(frozen=True)
class Deployment:
    name: str
    id: uuid.UUID
    pool: str


def _stand_in(credentials: str | None = None) -> None:
    """Is never run."""


@contextmanager
def deployed(
    client: SyncPrefectClient, *, pool: str | None = "", parameters: dict[str, Any] | None = None
) -> Iterator[list[Deployment]]:
    """Have all deployments that are wanted; "" makes a work pool for them, None is for none."""
    if pool == "":
        pool = f"pool-{uuid.uuid4().hex}"
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    made = []
    try:
        for full_name in WANTED:
            flow_name, _, name = full_name.partition("/")
            deployment_id = client.create_deployment(
                flow_id=client.create_flow(flow(name=flow_name)(_stand_in)),
                name=name,
                entrypoint="nowhere.py:nothing",
                work_pool_name=pool,
                parameters=parameters,
            )
            made.append(Deployment(full_name, deployment_id, pool or ""))
        yield made
    finally:
        _take_away(client, made, pool)


def _take_away(client: SyncPrefectClient, made: list[Deployment], pool: str | None) -> None:
    from prefect.exceptions import ObjectNotFound

    for one in made:
        try:
            client.delete_deployment(one.id)
        except ObjectNotFound:
            continue
    if pool:
        client.delete_work_pool(pool)
