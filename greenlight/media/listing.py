"""List what lies below a prefix of a bucket, page by page, so that no list is ever whole in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from greenlight.aws.advice import advice_on
from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors, reason_of
from greenlight.errors import InputError
from greenlight.media.s3 import is_whole_sha256, seen_of, split_s3
from greenlight.modelstudio.redaction import keep_links_out_of_logs


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing tells of it."""

    bucket: str
    key: str
    etag: str
    """Without the quotes that S3 puts around it."""
    size_bytes: int
    has_sha256: bool
    """Whether HEAD gives it the SHA-256 of its whole content, which is its identity then."""

    @property
    def place(self) -> str:
        """Return `s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def seen(self) -> str:
        """Return what the listing alone identifies it by, which is its identity where it has no SHA-256."""
        return seen_of(self.etag, self.size_bytes, has_sha256=self.has_sha256)


def list_objects(prefix: str) -> Iterator[list[StoredObject]]:
    """Yield the objects below `s3://bucket/prefix/`, up to 1000 at a time, in the order of their keys.

    Folders, which are empty objects whose key ends with a slash, are left out. Every page is a request when
    it is asked for; `InputError` says why there is none.
    """
    bucket, key = split_s3(prefix)
    if not bucket:
        raise InputError("names no bucket", "write s3://bucket/prefix/", subject=prefix)
    try:
        keep_links_out_of_logs()
        listing = aws_client("s3").get_paginator("list_objects_v2")
        for page in listing.paginate(Bucket=bucket, Prefix=key):
            entries = page.get("Contents", [])
            stored = [_read(bucket, one) for one in entries if not one["Key"].endswith("/")]
            if stored:
                yield stored
    except aws_errors() as error:
        raise InputError(
            f"cannot be listed ({reason_of(error)})", advice_on(error), subject=prefix
        ) from None


def _read(bucket: str, entry: Mapping[str, Any]) -> StoredObject:
    etag = str(entry["ETag"]).strip('"')
    return StoredObject(
        bucket=bucket,
        key=str(entry["Key"]),
        etag=etag,
        size_bytes=int(entry["Size"]),
        has_sha256=is_whole_sha256(entry.get("ChecksumAlgorithm"), entry.get("ChecksumType"), etag),
    )
