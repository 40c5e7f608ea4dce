"""Put objects into a bucket of moto's S3."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "moto-secret-access-key"
SURROUNDINGS = {
    "AWS_ACCESS_KEY_ID": "moto",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
}
NOBODYS_ACCOUNT = {
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
}
"""Keeps boto3 away from the developer's own account, and from waiting long for a dead address."""


@dataclass(frozen=True)
class Bucket:
    """A bucket of this test's own."""

    name: str
    client: Any

    def put(self, key: str, content: bytes, **options: Any) -> str:
        """Store an object and return its place."""
        self.client.put_object(Bucket=self.name, Key=key, Body=content, **options)
        return f"s3://{self.name}/{key}"

    def keep_versions(self, status: str = "Enabled") -> None:
        """Keep every version of what is stored from now on, or none any more (Suspended)."""
        self.client.put_bucket_versioning(
            Bucket=self.name, VersioningConfiguration={"Status": status}
        )

    @contextmanager
    def meddling(self, operation: str, handler: Callable[..., Any]) -> Iterator[None]:
        """Let a handler see, answer or fail each request of an operation before it is sent."""
        event = f"before-send.s3.{operation}"
        self.client.meta.events.register(event, handler)
        try:
            yield
        finally:
            self.client.meta.events.unregister(event, handler)

    def put_in_parts(self, key: str, parts: list[bytes]) -> str:
        """Store an object as a multipart upload of checksummed parts, and return its place."""
        it = {"Bucket": self.name, "Key": key}
        upload = self.client.create_multipart_upload(**it, ChecksumAlgorithm="SHA256")["UploadId"]
        stored = []
        for number, part in enumerate(parts, start=1):
            answer = self.client.upload_part(
                **it, UploadId=upload, PartNumber=number, Body=part, ChecksumAlgorithm="SHA256"
            )
            checksum = answer.get("ChecksumSHA256", "")
            stored.append(
                {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}
            )
        self.client.complete_multipart_upload(
            **it, UploadId=upload, MultipartUpload={"Parts": stored}
        )
        return f"s3://{self.name}/{key}"


def refuse(request: Any, **_: object) -> Any:
    """Answer a request that is meddled with as S3 does where somebody lacks the right to it."""
    from botocore.awsrequest import AWSResponse, HeadersDict
    from urllib3 import HTTPResponse

    told = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    body = HTTPResponse(io.BytesIO(told), preload_content=False)
    return AWSResponse(request.url, 403, HeadersDict(), body)


@dataclass(frozen=True)
class Asked:
    """A request as it was sent to S3."""

    operation: str
    range: str | None
    if_match: str | None
    version: str | None


@contextmanager
def watch_requests(client: Any) -> Iterator[list[Asked]]:
    """Collect the requests that a client sends to S3, second tries included."""
    sent: list[Asked] = []

    def note(request: Any, event_name: str, **_: Any) -> None:
        version = parse_qs(urlsplit(request.url).query).get("versionId", [None])[0]
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        operation = event_name.rpartition(".")[2]
        sent.append(Asked(operation, headers.get("range"), headers.get("if-match"), version))

    client.meta.events.register("before-send.s3", note)
    try:
        yield sent
    finally:
        client.meta.events.unregister("before-send.s3", note)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
