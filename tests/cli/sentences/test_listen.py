"""What a listener says until it is told to stop."""

from __future__ import annotations

import uuid

import pytest

from greenlight.aws import aws_client
from tests.arrivals.messages import TEST_EVENT
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says
from tests.cli.test_listen import deploy, stopped_when

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.mark.parametrize("via", ["run", "event"])
def test_uploads(says: Says, greenlight: Greenlight, bucket: Bucket, via: str) -> None:
    name = f"uploads-{uuid.uuid4().hex}"
    greenlight("setup", "bucket", bucket.name, "--prefix", "uploads/", "--queue", name, "--apply")
    sqs = aws_client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    bucket.put("uploads/anna.png", b"png")

    def is_empty() -> bool:
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
        return not any(int(known[one]) for one in counts)

    with stopped_when(is_empty, lambda: sqs.send_message(QueueUrl=url, MessageBody=TEST_EVENT)):
        says(f"greenlight listen --queue {url} --deployment {deploy()} --via {via}")


def test_no_queue(says: Says, bucket: Bucket) -> None:
    endpoint = bucket.client.meta.endpoint_url
    says(f"greenlight listen --queue {endpoint}/123456789012/nowhere-4711")
