"""Give a test a queue of its own at moto's SQS, over HTTP."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from greenlight.aws.clients import aws_client
from tests.bucket import Bucket
from tests.uploads.messages import TEST_EVENT

VISIBILITY_SECONDS = 1
"""The shortest that SQS knows."""


@dataclass(frozen=True)
class Queue:
    """A queue whose messages are poison after they were received once in vain."""

    url: str
    arn: str
    dead_letters_url: str
    client: Any

    def send(self, body: str) -> None:
        self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def clear(self) -> None:
        """Drop the message by which S3 tries whether it may send any."""
        self.client.purge_queue(QueueUrl=self.url)

    def visible(self) -> int:
        return self._count(self.url, "ApproximateNumberOfMessages")

    def hidden(self) -> int:
        return self._count(self.url, "ApproximateNumberOfMessagesNotVisible")

    def is_empty(self) -> bool:
        return self.visible() + self.hidden() == 0

    def dead(self) -> int:
        return self._count(self.dead_letters_url, "ApproximateNumberOfMessages")

    def left(self) -> int:
        """Return how many messages about uploads somebody else gets now; those received before are dead."""
        answer = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        bodies = [message["Body"] for message in answer.get("Messages", [])]
        return self.dead() + len([body for body in bodies if body != TEST_EVENT])

    def _count(self, url: str, name: str) -> int:
        answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(answer["Attributes"][name])


@pytest.fixture
def queue(bucket: Bucket) -> Queue:
    """A queue that is told of what is put below `uploads/` in the bucket."""
    client = aws_client("sqs")
    name = f"uploads-{uuid.uuid4().hex}"
    dead_letters, dead_letters_arn = _create(client, f"{name}-dead", {})
    redrive = {"deadLetterTargetArn": dead_letters_arn, "maxReceiveCount": 1}
    url, arn = _create(client, name, {"RedrivePolicy": json.dumps(redrive)})
    rule = {"Name": "prefix", "Value": "uploads/"}
    told: dict[str, Any] = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    told["Filter"] = {"Key": {"FilterRules": [rule]}}
    bucket.client.put_bucket_notification_configuration(
        Bucket=bucket.name, NotificationConfiguration={"QueueConfigurations": [told]}
    )
    return Queue(url, arn, dead_letters, client)


def _create(client: Any, name: str, attributes: dict[str, str]) -> tuple[str, str]:
    url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, answer["Attributes"]["QueueArn"]
