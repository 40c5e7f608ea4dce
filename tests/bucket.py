"""Put objects into a bucket of moto's S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
