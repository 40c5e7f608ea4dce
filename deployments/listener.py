"""Start a run for every batch of uploads, and tell Prefect's automations of it."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import httpx
from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.events import Event, Resource
from prefect.events.schemas.events import RelatedResource
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

from greenlight.errors import GreenlightError, SettingsError
from greenlight.modelstudio.reasons import reason_of
from greenlight.uploads.batching import Batch
from greenlight.uploads.errors import BatchRefused

DEPLOYMENT = "on-upload/on-upload"
EVENT = "greenlight.uploads"
"""A batch of uploads was announced; its label `greenlight.via` says who starts the run."""
NOT_THE_BATCH = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}
"""Answers below 500 that say nothing against a batch: an administrator or time mends them."""

CAME_TO_NOTHING = {StateType.FAILED, StateType.CRASHED, StateType.CANCELLED}


class Via(StrEnum):
    """Who starts the run of a batch."""

    RUN = "run"
    """The listener: Prefect has the run when the messages are deleted."""
    EVENT = "event"
    """An automation of Prefect's, when it sees the event."""


class PrefectDown(GreenlightError):  # noqa: N818 - the name of the state it stands for
    """Prefect cannot take a batch now; later it may."""

    could_cost = False


@dataclass(frozen=True, slots=True)
class Handover:
    """What was handed over to Prefect."""

    objects: int
    idempotency_key: str
    event_id: str
    flow_run_id: str | None
    """The run that works on the batch; none where an automation starts it."""
    flow_run: str | None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values under the names of its fields."""
        return asdict(self)


class Starter:
    """Takes batches over: creates a run of a deployment, and emits the event `greenlight.uploads`.

    The same batch again makes no second run and no second event, unless its run has come to nothing
    meanwhile: somebody has mended what was wrong, and uploads it again. The run gets the parameter
    `objects`, and the event the payload `objects`, `count` and `idempotency_key`; an object has the fields of
    an `Arrival`. Who starts the run stands in the event's label `greenlight.via`, so that an automation that
    starts runs leaves those batches alone that have one.
    """

    def __init__(
        self,
        *,
        deployment: str = DEPLOYMENT,
        via: Via = Via.RUN,
        tell: Callable[[Handover], None] = lambda _: None,
    ) -> None:
        if not PREFECT_API_URL.value():
            raise SettingsError(
                "is not set, so there is no Prefect server to start runs on",
                "set it to a server's address, like http://127.0.0.1:4200/api",
                subject="PREFECT_API_URL",
            )
        self._deployment = deployment
        self._via = via
        self._tell = tell

    async def __call__(self, batch: Batch) -> None:
        """Return when Prefect has answered that it has the batch.

        `PrefectDown` means that it may be tried again, `BatchRefused` that this batch will always be refused.
        """
        with self._answers_judged():
            async with get_client() as client:
                done = await self._hand_over(client, batch)
        self._tell(done)

    async def ask(self) -> None:
        """Return when Prefect would take a batch now; `PrefectDown` says why it would not."""
        with self._answers_judged():
            async with get_client() as client:
                if self._via is Via.RUN:
                    await client.read_deployment_by_name(self._deployment)
                else:
                    # Unlike the answer to whether it is healthy, this one asks for the password.
                    await client.read_work_pools(limit=1)

    @contextmanager
    def _answers_judged(self) -> Iterator[None]:
        """Raise what Prefect's refusal or silence means for a batch."""
        try:
            yield
        except ObjectNotFound:
            raise PrefectDown(
                f"Prefect has no deployment {self._deployment}",
                "deploy it, or name yours with --deployment",
            ) from None
        except httpx.HTTPStatusError as error:
            raise _judged(error.response) from None
        except httpx.TransportError as error:
            raise PrefectDown(
                f"the Prefect server that PREFECT_API_URL names cannot be reached ({reason_of(error)})"
            ) from None

    async def _hand_over(self, client: PrefectClient, batch: Batch) -> Handover:
        key = batch.idempotency_key
        objects = [arrival.as_json() for arrival in batch.arrivals]
        run = None
        if self._via is Via.RUN:
            run = await self._create_run(client, objects, key)
            key = run.idempotency_key or key
        event = _event(batch, objects, self._via, key)
        # Prefect's own `emit_event` returns before the server has answered.
        response = await client.request("POST", "/events", json=[event.model_dump(mode="json")])
        response.raise_for_status()
        return Handover(
            objects=len(objects),
            idempotency_key=key,
            event_id=str(event.id),
            flow_run_id=str(run.id) if run else None,
            flow_run=run.name if run else None,
        )

    async def _create_run(
        self, client: PrefectClient, objects: list[dict[str, Any]], key: str
    ) -> FlowRun:
        """Return the run of a key if it is under way or has come to its end, else a new one."""
        deployment = await client.read_deployment_by_name(self._deployment)
        for number in itertools.count(1):
            run = await client.create_flow_run_from_deployment(
                deployment.id,
                parameters={"objects": objects},
                idempotency_key=key if number == 1 else f"{key}-{number}",
            )
            if run.state is None or run.state.type not in CAME_TO_NOTHING:
                break
        return run


def _event(batch: Batch, objects: list[dict[str, Any]], via: Via, key: str) -> Event:
    """Return the event of a batch; its id is its key's own, by which Prefect knows it again."""
    return Event(
        id=uuid.uuid5(uuid.NAMESPACE_URL, key),
        event=EVENT,
        resource=Resource({"prefect.resource.id": EVENT, "greenlight.via": via.value}),
        related=[
            RelatedResource(
                {"prefect.resource.id": f"s3.bucket.{bucket}", "prefect.resource.role": "bucket"}
            )
            for bucket in sorted({arrival.bucket for arrival in batch.arrivals})
        ],
        payload={"objects": objects, "count": len(objects), "idempotency_key": key},
    )


def _judged(response: httpx.Response) -> GreenlightError:
    """Return what an answer means for a batch, without the address, which may hold a password."""
    answer = f"Prefect answered {response.status_code} {response.reason_phrase}"
    if response.is_server_error or response.status_code in NOT_THE_BATCH:
        return PrefectDown(answer)
    return BatchRefused(f"{answer}: {response.text[:300]}")
