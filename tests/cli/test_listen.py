"""`greenlight listen`, with a real queue and a real Prefect server."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from prefect import flow, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from greenlight.aws.clients import aws_client
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.uploads.messages import KEYS, TEST_EVENT


@flow(name="on-upload")
def on_upload(objects: list[dict[str, object]]) -> None:
    """Stands in for the flow; it is never run here."""


def deploy() -> str:
    name = f"listen-{uuid.uuid4().hex}"
    asyncio.run(deploy_as(name))
    return f"on-upload/{name}"


async def deploy_as(name: str) -> None:
    await (await on_upload.ato_deployment(name)).aapply()


async def keys_of_run(run: str) -> list[str]:
    async with get_client() as client:
        objects = (await client.read_flow_run(uuid.UUID(run))).parameters["objects"]
    return [one["key"] for one in objects]


@contextmanager
def stopped_when(condition: Callable[[], bool], wake: Callable[[], None]) -> Iterator[None]:
    """Send this process the signal of a redeploy when a condition holds, and end the poll under way."""
    end = threading.Event()

    def watch() -> None:
        # Only while it listens: afterwards the signal would end the tests.
        while not end.wait(0.02):
            if condition():
                os.kill(os.getpid(), signal.SIGTERM)
                wake()
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_uploads_become_runs_until_it_is_told_to_stop(
    prefect_server: None, greenlight: Greenlight, bucket: Bucket
) -> None:
    name = f"uploads-{uuid.uuid4().hex}"
    greenlight("setup", "bucket", bucket.name, "--prefix", "uploads/", "--queue", name, "--apply")
    client = aws_client("sqs")
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    for key in KEYS:
        bucket.put(key, b"png")

    def is_empty() -> bool:
        counts = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
        ]
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=counts)
        return all(int(answer["Attributes"][one]) == 0 for one in counts)

    def wake() -> None:
        client.send_message(QueueUrl=url, MessageBody=TEST_EVENT)

    deployment = deploy()
    with stopped_when(is_empty, wake):
        ran = greenlight("listen", "--queue", url, "--deployment", deployment, "--json")
    assert ran.code == 0
    keys = [key for one in ran.lines for key in asyncio.run(keys_of_run(one["flow_run_id"]))]
    assert sorted(keys) == sorted(KEYS)
    assert sum(one["objects"] for one in ran.lines) == len(KEYS)
    assert f"listening to {name}" in ran.err
    assert "stopping: what was received is handed over first" in ran.err


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--queue", "uploads"), "is not an address"),
        (("--queue", "https://sqs", "--via", "post"), "neither run nor event"),
    ],
)
def test_wrong_usage_is_a_sentence(
    greenlight: Greenlight, asked: tuple[str, ...], words: str
) -> None:
    ran = greenlight("listen", *asked)
    assert ran.code == 2
    assert words in ran.err


def test_without_a_prefect_server_it_says_what_to_set(greenlight: Greenlight) -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        ran = greenlight("listen", "--queue", "https://sqs.eu-central-1.amazonaws.com/1/uploads")
    assert ran.code == 1
    assert "PREFECT_API_URL is not set" in ran.err


def test_a_queue_that_is_not_there_ends_it(
    prefect_server: None, greenlight: Greenlight, bucket: Bucket
) -> None:
    queue = f"{os.environ['AWS_ENDPOINT_URL']}/123456789012/nowhere"
    ran = greenlight("listen", "--queue", queue, "--deployment", deploy())
    assert ran.code == 1
    assert "the queue nowhere cannot be used" in ran.err
    assert "Traceback" not in ran.err
