"""Read an S3 object: its identity from HEAD, its header in ranges, its address presigned."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from greenlight.errors import InputError, SettingsError
from greenlight.portraits.places import MAX_DOWNLOAD_BYTES, Place, download_file

RANGE_BYTES = 64 * 1024
"""The first 64 KiB decide 99 of 100 picture headers."""


def split_s3(text: str) -> tuple[str, str]:
    """Return bucket and key of `s3://bucket/key`; the key is taken as it stands."""
    bucket, _, key = text.partition("://")[2].partition("/")
    return bucket, key


def s3_client() -> Any:
    """Return a client by boto3's own chain of credentials and addresses."""
    import boto3
    from botocore.config import Config

    try:
        return boto3.client("s3", config=Config(signature_version="s3v4"))
    except ValueError as error:
        raise SettingsError(f"S3 cannot be used: {error}; look at AWS_ENDPOINT_URL") from None


def list_pictures(prefix: str) -> list[str]:
    """Return the places of all objects below `s3://bucket/prefix/`, in the order of their keys."""
    bucket, key = split_s3(prefix)
    try:
        pages = s3_client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        return [
            f"s3://{bucket}/{entry['Key']}"
            for page in pages
            for entry in page.get("Contents", [])
            if not entry["Key"].endswith("/")
        ]
    except s3_errors() as error:
        raise InputError(f"{prefix} cannot be listed ({reason_of(error)})") from None


class S3Place(Place):
    """An object in a bucket."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.bucket, self.key = split_s3(text)
        self._copy: IO[bytes] | None = None

    @property
    def is_here(self) -> bool:
        """Whether it was downloaded already."""
        return self._copy is not None

    async def enter(self) -> None:
        """Ask for size and checksum."""
        if not self.bucket or not self.key:
            raise InputError(f"{self.text} names no object; give s3://bucket/key")
        try:
            self._client = s3_client()
            head = await asyncio.to_thread(
                self._client.head_object, Bucket=self.bucket, Key=self.key, ChecksumMode="ENABLED"
            )
        except s3_errors() as error:
            raise InputError(f"{self.text} cannot be read ({reason_of(error)})") from None
        self.size_bytes = head["ContentLength"]
        if self.size_bytes == 0:
            raise InputError(f"{self.text} is empty")
        self.identity = identity_of(head)

    async def leave(self) -> None:
        """Delete the download, if there was one."""
        if self._copy is not None:
            self._copy.close()

    def open(self) -> BinaryIO:
        """Open the object; only the ranges that are read are fetched."""
        if self._copy is not None:
            return Path(self._copy.name).open("rb")
        return cast(BinaryIO, io.BufferedReader(_Ranges(self._read, self.size_bytes), RANGE_BYTES))

    def _read(self, first: int, last: int) -> bytes:
        """Return the bytes from the first to the last, both included."""
        try:
            answer = self._client.get_object(
                Bucket=self.bucket, Key=self.key, Range=f"bytes={first}-{last}"
            )
            return cast(bytes, answer["Body"].read())
        except s3_errors() as error:
            raise InputError(f"{self.text} cannot be read ({reason_of(error)})") from None

    async def local_path(self) -> Path:
        """Download the object into a temporary file, once."""
        if self._copy is None:
            if self.size_bytes > MAX_DOWNLOAD_BYTES:
                raise InputError(f"{self.text} is larger than any model takes (200 MB)")
            copy = download_file(self.name)
            try:
                await asyncio.to_thread(self._client.download_fileobj, self.bucket, self.key, copy)
            except s3_errors() as error:
                copy.close()
                raise InputError(f"{self.text} cannot be read ({reason_of(error)})") from None
            copy.flush()
            self._copy = copy
        return Path(self._copy.name)

    def url(self, lifetime_seconds: int) -> str | None:
        """Return a presigned address."""
        return str(
            self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self.bucket, "Key": self.key},
                ExpiresIn=lifetime_seconds,
            )
        )


def identity_of(head: dict[str, Any]) -> str:
    """Return an object's identity: its full SHA-256 checksum where it has one, else ETag and size.

    The SHA-256 of a multipart upload is one of its parts' checksums, so it does not count; such a checksum
    ends with the number of parts, and so does the ETag (Amazon S3, "Checking object integrity").
    """
    checksum = str(head.get("ChecksumSHA256", ""))
    etag = str(head["ETag"]).strip('"')
    is_whole = head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    if checksum and is_whole and "-" not in checksum + etag:
        return f"sha256-{base64.b64decode(checksum).hex()}"
    return f"etag-{etag}-{head['ContentLength']}"


class _Ranges(io.RawIOBase):
    """An object as a raw stream of ranged reads; a buffered reader above it asks for 64 KiB at once."""

    def __init__(self, read: Callable[[int, int], bytes], size_bytes: int) -> None:
        self._read = read
        self._size = size_bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        content = self._read(self._position, self._position + wanted - 1)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)


def s3_errors() -> tuple[type[Exception], ...]:
    """Return what boto3 raises when S3 cannot do what it is asked."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError, Boto3Error)


def reason_of(error: Exception) -> str:
    """Say what S3 answered, without the address that a signature may stand in."""
    answer = getattr(error, "response", {}).get("Error", {})
    return str(answer.get("Message") or answer.get("Code") or type(error).__name__)
