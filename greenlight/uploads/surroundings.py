"""Know the account and the region that a bucket's queue is made in."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors


class Surroundings:
    """The clients and names of a bucket's region, in the account of whoever asks.

    S3 sends to queues of the bucket's own region only.
    """

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    @cached_property
    def s3(self) -> Any:
        """Return a client of S3."""
        return aws_client("s3")

    @cached_property
    def sqs(self) -> Any:
        """Return a client of SQS."""
        return aws_client("sqs", region=self._region)

    @cached_property
    def events(self) -> Any:
        """Return a client of EventBridge."""
        return aws_client("events", region=self._region)

    @property
    def account(self) -> str:
        """Return the account's number."""
        return str(self._caller["Account"])

    @property
    def bucket_arn(self) -> str:
        """Return the bucket's ARN."""
        return f"arn:{self._partition}:s3:::{self._bucket}"

    def arn(self, service: str, name: str) -> str:
        """Return the ARN of a queue (`sqs`) or a rule (`events`)."""
        return f"arn:{self._partition}:{service}:{self._region}:{self.account}:{name}"

    @property
    def _partition(self) -> str:
        """Return `aws`, or `aws-cn` in Beijing and Ningxia."""
        return str(self._caller["Arn"]).split(":")[1]

    @cached_property
    def _caller(self) -> dict[str, Any]:
        return dict(aws_client("sts", region=self._region).get_caller_identity())

    @cached_property
    def _region(self) -> str:
        """Return where S3 says that the bucket lies; other stores say it elsewhere, or not at all."""
        head = self.s3.head_bucket(Bucket=self._bucket)
        return str(head.get("BucketRegion") or self._location() or self._region_of_client())

    def _location(self) -> str | None:
        try:
            answer = self.s3.get_bucket_location(Bucket=self._bucket)
        except aws_errors():
            return None
        return str(answer.get("LocationConstraint") or "") or None

    def _region_of_client(self) -> str:
        region = str(self.s3.meta.region_name or "")
        # Where none is set boto3's client of S3, unlike all others, goes by a name that is no region's.
        return region if region not in ("", "aws-global") else "us-east-1"
