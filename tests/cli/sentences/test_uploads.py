"""What a listener says of messages that tell of no upload, and the set-up of a queue that nobody finds."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
import urllib3
from botocore.awsrequest import AWSResponse, HeadersDict

from greenlight.aws.clients import aws_client
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says
from tests.cli.test_listen import deploy, stopped_when
from tests.uploads.messages import TEST_EVENT, by_eventbridge, direct, record

MALFORMED = (
    "no json",
    "[]",
    "{}",
    json.dumps({"Records": "none"}),
    direct(record(eventVersion="3.0")),
    direct(record(eventName=None)),
    direct(record(size="many")),
    direct(record(eTag=5)),
    direct(record(eventTime="noon")),
    direct(record()).replace("uploads%2Fanna.png", "uploads%2F%FF.png"),
    by_eventbridge("uploads/\0.png"),
)
DENIED = {"__type": "com.amazon.coral.service#AccessDeniedException", "message": "Access Denied"}
STEPS_THAT_ASK = 3
"""For the address of a queue: those of both queues, and that of the policy."""


@pytest.fixture
def queue() -> str:
    """A queue's name of this test's own."""
    return f"uploads-{uuid.uuid4().hex}"


@pytest.mark.usefixtures("bucket")
def test_messages_that_nobody_can_read(says: Says, queue: str) -> None:
    sqs = aws_client("sqs")
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    for message in (*MALFORMED, by_eventbridge(source="aws.ec2"), TEST_EVENT):
        sqs.send_message(QueueUrl=url, MessageBody=message)
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def are_left_alone() -> bool:
        """Whether all were looked at: the last message, which asks for no work, is deleted then."""
        known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
        return [int(known[one]) for one in counts] == [0, len(MALFORMED)]

    wake = {"QueueUrl": url, "MessageBody": TEST_EVENT}
    with stopped_when(are_left_alone, lambda: sqs.send_message(**wake)):
        says(f"greenlight listen --queue {url} --deployment {deploy()}")


def test_a_queue_that_is_not_found_afterwards(
    says: Says, greenlight: Greenlight, bucket: Bucket, queue: str
) -> None:
    """What was allowed for every step is not allowed any more."""
    setup = f"greenlight setup bucket {bucket.name} --prefix uploads/ --queue {queue} --apply"
    greenlight(*setup.split()[1:])
    sqs, asked = aws_client("sqs", region="us-east-1"), []

    def refuse(request: Any, **_: object) -> AWSResponse | None:
        asked.append(request.url)
        if len(asked) <= STEPS_THAT_ASK:
            return None
        body = urllib3.HTTPResponse(io.BytesIO(json.dumps(DENIED).encode()), preload_content=False)
        return AWSResponse(request.url, 403, HeadersDict(), body)

    sqs.meta.events.register("before-send.sqs.GetQueueUrl", refuse)
    try:
        says(setup)
    finally:
        sqs.meta.events.unregister("before-send.sqs.GetQueueUrl", refuse)
