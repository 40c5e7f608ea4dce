"""What a listener says until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from prefect import flow
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)

from greenlight.aws.clients import aws_client
from greenlight.uploads import listening
from greenlight.uploads.queue import POLL_SECONDS, UploadQueue
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says
from tests.cli.test_listen import deploy, deploy_as, stopped_when
from tests.uploads.messages import TEST_EVENT
from tests.website import Website

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def queue(bucket: Bucket, greenlight: Greenlight) -> str:
    """The address of a queue that has been told of a portrait."""
    name = f"uploads-{uuid.uuid4().hex}"
    greenlight("setup", "bucket", bucket.name, "--prefix", "uploads/", "--queue", name, "--apply")
    bucket.put("uploads/anna.png", b"png")
    return str(aws_client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


@pytest.fixture(autouse=True)
def _patient_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try nothing again before the stop, however slow the machine is."""
    patient = partial(listening.Listener, first_pause_seconds=listening.LONGEST_PAUSE_SECONDS)
    monkeypatch.setattr("greenlight.uploads.listening.Listener", patient)


def wake(queue: str) -> None:
    """End the look under way."""
    aws_client("sqs").send_message(QueueUrl=queue, MessageBody=TEST_EVENT)


def is_empty(queue: str) -> bool:
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    known = aws_client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=counts)
    return not any(int(known["Attributes"][one]) for one in counts)


@contextmanager
def stopped_after(
    words: str, wake: Callable[[], None], logger: logging.Logger = listening.logger
) -> Iterator[None]:
    """Tell this process to stop as soon as a logger has said something."""
    said = threading.Event()
    with when_it_says(words, said.set, logger), stopped_when(said.is_set, wake):
        yield


@contextmanager
def when_it_says(
    words: str, do: Callable[[], object], logger: logging.Logger = listening.logger
) -> Iterator[None]:
    """Do something the first time that a logger says something, apart from who says it."""
    doing: list[threading.Thread] = []

    def hear(record: logging.LogRecord) -> None:
        if words in record.getMessage() and not doing:
            doing.append(threading.Thread(target=do))
            doing[0].start()

    ear = logging.Handler()
    ear.emit = hear  # type: ignore[method-assign]
    logger.addHandler(ear)
    try:
        yield
    finally:
        logger.removeHandler(ear)
        for one in doing:
            one.join()


@contextmanager
def failing(operation: str) -> Iterator[None]:
    """Let the listener's first request of a kind not reach its queue."""
    client = aws_client("sqs", read_seconds=POLL_SECONDS + 15)
    event = f"before-send.sqs.{operation}"

    def fail(**_: Any) -> None:
        client.meta.events.unregister(event, fail)
        raise EndpointConnectionError(endpoint_url="")

    client.meta.events.register(event, fail)
    try:
        yield
    finally:
        client.meta.events.unregister(event, fail)


@pytest.mark.parametrize("via", ["run", "event"])
def test_uploads(says: Says, queue: str, via: str) -> None:
    with stopped_when(partial(is_empty, queue), partial(wake, queue)):
        says(f"greenlight listen --queue {queue} --deployment {deploy()} --via {via}")


def test_no_queue(says: Says, bucket: Bucket) -> None:
    endpoint = bucket.client.meta.endpoint_url
    queue = f"{endpoint}/123456789012/nowhere-4711"
    says(f"greenlight listen --queue {queue} --deployment {deploy()}")


@pytest.mark.usefixtures("bucket")
def test_a_queue_that_does_not_answer(says: Says) -> None:
    with stopped_after("tried again", lambda: None):
        says(
            "AWS_ENDPOINT_URL=http://127.0.0.1:9 "
            f"greenlight listen --queue http://127.0.0.1:9/123456789012/uploads --deployment {deploy()}"
        )


def test_a_deployment_that_is_not_there(says: Says, queue: str) -> None:
    with stopped_after("uploads wait in the queue", lambda: None):
        says(f"greenlight listen --queue {queue} --deployment on-upload/nowhere")


def test_a_deployment_that_comes_later(
    says: Says, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = partial(listening.Listener, first_pause_seconds=0.05)
    monkeypatch.setattr("greenlight.uploads.listening.Listener", quick)
    name = f"listen-{uuid.uuid4().hex}"
    with (
        when_it_says("uploads wait in the queue", lambda: asyncio.run(deploy_as(name))),
        stopped_when(partial(is_empty, queue), partial(wake, queue)),
    ):
        says(f"greenlight listen --queue {queue} --deployment on-upload/{name}")


def test_a_prefect_that_does_not_answer(says: Says, queue: str) -> None:
    down = {PREFECT_API_URL: "http://me:secret@127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(down), stopped_after("uploads wait in the queue", lambda: None):
        says(f"greenlight listen --queue {queue}")


@pytest.fixture
def faulty_prefect(prefect_server: None, website: Website) -> Iterator[None]:
    """A server that knows the deployment and makes no runs of it."""
    known = {"id": str(uuid.uuid4()), "flow_id": str(uuid.uuid4()), "name": "on-upload"}
    website.put("/api/deployments/name/on-upload/on-upload", json.dumps(known).encode())
    website.put(f"/api/deployments/{known['id']}/create_flow_run", status=500)
    with temporary_settings({PREFECT_API_URL: f"{website.url}/api", PREFECT_CLIENT_MAX_RETRIES: 0}):
        yield


@pytest.mark.usefixtures("faulty_prefect")
def test_a_prefect_that_makes_no_runs(says: Says, queue: str) -> None:
    with stopped_after("tried again", partial(wake, queue)):
        says(f"greenlight listen --queue {queue}")


@pytest.mark.usefixtures("faulty_prefect")
def test_what_is_held_cannot_be_given_back(says: Says, queue: str) -> None:
    with (
        failing("ChangeMessageVisibilityBatch"),
        stopped_after("tried again", partial(wake, queue)),
    ):
        says(f"greenlight listen --queue {queue}")


def test_poison(says: Says, queue: str) -> None:
    aws_client("sqs").purge_queue(QueueUrl=queue)
    aws_client("sqs").send_message(QueueUrl=queue, MessageBody="poison")
    with stopped_after("redrive", partial(wake, queue)):
        says(f"greenlight listen --queue {queue} --deployment {deploy()}")


@flow(name="on-upload")
def of_files(files: int) -> None:
    """Stands in for a flow that takes something else; it is never run."""


def test_a_flow_that_takes_something_else(says: Says, queue: str) -> None:
    name = f"listen-{uuid.uuid4().hex}"

    async def deploy_it() -> None:
        await (await of_files.ato_deployment(name)).aapply()

    asyncio.run(deploy_it())
    with stopped_after("redrive", partial(wake, queue)):
        says(f"greenlight listen --queue {queue} --deployment on-upload/{name}")


def test_what_was_handed_over_cannot_be_deleted(says: Says, bucket: Bucket, queue: str) -> None:
    # Of the test event that S3 sends at first nothing is handed over.
    aws_client("sqs").purge_queue(QueueUrl=queue)
    bucket.put("uploads/bob.png", b"png")
    with failing("DeleteMessageBatch"), stopped_after("recognised", partial(wake, queue)):
        says(f"greenlight listen --queue {queue} --deployment {deploy()}")


@pytest.mark.usefixtures("faulty_prefect")
def test_what_is_held_is_gone(says: Says, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    brief = partial(UploadQueue, visibility_seconds=1)
    monkeypatch.setattr("greenlight.uploads.queue.UploadQueue", brief)
    with (
        when_it_says("tried again", lambda: aws_client("sqs").purge_queue(QueueUrl=queue)),
        stopped_after("arrive twice", lambda: None),
    ):
        says(f"greenlight listen --queue {queue}")


@pytest.mark.usefixtures("faulty_prefect")
def test_what_is_held_cannot_be_kept_out_of_sight(
    says: Says, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    brief = partial(UploadQueue, visibility_seconds=1)
    monkeypatch.setattr("greenlight.uploads.queue.UploadQueue", brief)
    with (
        failing("ChangeMessageVisibilityBatch"),
        stopped_after("arrive twice", partial(wake, queue)),
    ):
        says(f"greenlight listen --queue {queue}")
