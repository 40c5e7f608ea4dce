"""Read an S3 object: its identity from HEAD, its content in ranges, its address presigned."""

from __future__ import annotations

import asyncio
import base64
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO, NoReturn, cast

from greenlight.aws.advice import advice_on
from greenlight.aws.clients import Credentials, aws_client, signing_credentials
from greenlight.aws.errors import aws_errors, code_of, is_refusal, reason_of
from greenlight.aws.links import sign_link
from greenlight.errors import InputError, Overwritten, Unusable
from greenlight.media.place import MAX_DOWNLOAD_BYTES, Place, download_file
from greenlight.media.ranges import RANGE_BYTES, Ranges
from greenlight.modelstudio.redaction import keep_links_out_of_logs

CHUNK_BYTES = 256 * 1024
TRIES = 3
"""How often a content is asked for that breaks off in the middle; boto3 itself tries only its beginning."""
OF_SHA256 = "-sha256"
"""How that ends which an object with a SHA-256 of its whole content is seen as."""
NO_VERSION = "null"
"""What S3 calls the one version of an object in a bucket that keeps none (any more)."""
_VERSION = re.compile(r"\?versionId=([^?\s]+)$")


def split_s3(text: str) -> tuple[str, str]:
    """Return bucket and key of `s3://bucket/key`; the key is taken as it stands."""
    bucket, _, key = text.partition("://")[2].partition("/")
    return bucket, key


def split_version(text: str) -> tuple[str, str | None]:
    """Take `?versionId=ID` off the end of a place; any other question mark belongs to the key."""
    found = _VERSION.search(text)
    return (text[: found.start()], found[1]) if found else (text, None)


class S3Place(Place):
    """An object in a bucket, `s3://bucket/key` or one version of it, `s3://bucket/key?versionId=ID`.

    Where the bucket keeps versions, everything is read from and signed for the one that was found when it was
    opened; elsewhere it is read only as long as its ETag is the same, else `Overwritten` is raised.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        place, self._version = split_version(text)
        self.bucket, self.key = split_s3(place)
        self._copy: IO[bytes] | None = None

    @property
    def name(self) -> str:
        """Return the last part of the key."""
        return self.key.rstrip("/").rsplit("/", 1)[-1]

    @property
    def is_here(self) -> bool:
        """Whether it was downloaded already."""
        return self._copy is not None

    @property
    def is_fixed(self) -> bool:
        """Whether it is one version of an object, which nobody can overwrite."""
        return self._version not in (None, NO_VERSION)

    async def enter(self) -> None:
        """Ask for size, checksum and version."""
        if not self.bucket or not self.key:
            raise InputError("names no object", "write s3://bucket/key", subject=self.text)
        head = await asyncio.to_thread(self._head)
        self.size_bytes = head["ContentLength"]
        self.identity = identity_of(head)
        if head.get("VersionId", NO_VERSION) != NO_VERSION:
            self._version = head["VersionId"]
        self._etag = head["ETag"]
        has_sha256 = self.identity.startswith("sha256-")
        self.seen = seen_of(self._etag, self.size_bytes, has_sha256=has_sha256)
        if self.size_bytes == 0:
            raise Unusable("is empty", subject=self.text)

    def _head(self) -> dict[str, Any]:
        keep_links_out_of_logs()
        self._client = aws_client("s3")
        try:
            return dict(self._client.head_object(**self._object, ChecksumMode="ENABLED"))
        except aws_errors() as error:
            self._tell(error)

    @property
    def _object(self) -> dict[str, str]:
        """Return the object or its version, as S3's requests name it."""
        version = {"VersionId": self._version} if self._version else {}
        return {"Bucket": self.bucket, "Key": self.key} | version

    async def leave(self) -> None:
        """Delete the download, if there was one."""
        if self._copy is not None:
            self._copy.close()

    def open(self) -> BinaryIO:
        """Open the object; only the ranges that are read are fetched."""
        if self._copy is not None:
            return Path(self._copy.name).open("rb")
        ranges = Ranges(self.text, self._read, self.size_bytes)
        return cast(BinaryIO, io.BufferedReader(ranges, RANGE_BYTES))

    def _read(self, first: int, last: int) -> bytes:
        """Return the bytes from the first to the last, both included."""
        return b"".join(self._chunks(first, last))

    def _chunks(self, first: int, last: int) -> Iterator[bytes]:
        """Yield the bytes from the first to the last; when they break off, the rest is asked for again."""
        unchanged = {} if self.is_fixed else {"IfMatch": self._etag}
        for tries_left in reversed(range(TRIES)):
            wanted = {"Range": f"bytes={first}-{last}"} | self._object | unchanged
            try:
                for chunk in self._client.get_object(**wanted)["Body"].iter_chunks(CHUNK_BYTES):
                    first += len(chunk)
                    yield chunk
            except aws_errors() as error:
                if is_refusal(error) or not tries_left or first > last:
                    self._tell(error)
            else:
                return

    async def local_path(self) -> Path:
        """Download the object into a temporary file, once, a piece at a time."""
        if self._copy is None:
            if self.size_bytes > MAX_DOWNLOAD_BYTES:
                raise InputError("is larger than any model accepts (200 MB)", subject=self.text)
            copy = download_file(self.name)
            try:
                await asyncio.to_thread(self._download, copy)
            except BaseException:
                copy.close()
                raise
            self._copy = copy
        return Path(self._copy.name)

    def _download(self, copy: IO[bytes]) -> None:
        for chunk in self._chunks(0, self.size_bytes - 1):
            copy.write(chunk)
        copy.flush()

    @property
    def credentials(self) -> Credentials | None:
        """Return what signs its address."""
        return signing_credentials()

    def url(self, lifetime_seconds: int) -> str | None:
        """Return a presigned address."""
        return sign_link(self._client, self._object, lifetime_seconds=lifetime_seconds)

    def _tell(self, error: Exception) -> NoReturn:
        """Raise what S3 answered as a sentence."""
        if code_of(error) in {"PreconditionFailed", "412"}:
            raise Overwritten(
                "was overwritten while it was read", "run it again", subject=self.text
            ) from None
        advice = advice_on(error)
        if self.is_fixed and code_of(error) in {"AccessDenied", "403"}:
            advice = "allow s3:GetObjectVersion, because the bucket keeps versions"
        raise InputError(
            f"cannot be read ({reason_of(error)})", advice, subject=self.text
        ) from None


def identity_of(head: Mapping[str, Any]) -> str:
    """Return an object's identity: its full SHA-256 checksum where it has one, else ETag and size."""
    checksum = str(head.get("ChecksumSHA256", ""))
    etag = str(head["ETag"]).strip('"')
    # A checksum of parts ends like the ETag, should a store not say what kind it is.
    is_one = checksum and "-" not in checksum
    if is_one and is_whole_sha256(["SHA256"], head.get("ChecksumType"), etag):
        return f"sha256-{base64.b64decode(checksum).hex()}"
    return seen_of(etag, head["ContentLength"])


def seen_of(etag: str, size_bytes: int, *, has_sha256: bool = False) -> str:
    """Return what a listing alone identifies an object by: its identity, where it has no SHA-256.

    The same bytes have one identity with a SHA-256 and another without, so they are seen as two.
    """
    bare = etag.strip('"')
    return f"etag-{bare}-{size_bytes}{OF_SHA256 if has_sha256 else ''}"


def is_overwritten(listed: str, seen: str) -> bool:
    """Whether another content is seen than was listed.

    Some stores' listings tell of no checksum where HEAD does, as MinIO's; that is no other content.
    """
    return listed.removesuffix(OF_SHA256) != seen.removesuffix(OF_SHA256)


def is_whole_sha256(algorithms: object, kind: object, etag: str) -> bool:
    """Whether an object has a SHA-256 of its whole content, and not one of its parts' checksums.

    That of a multipart upload is of its parts (Amazon S3, "Checking object integrity"); its ETag then ends
    with a dash and their number.
    """
    return "SHA256" in str(algorithms) and kind in (None, "FULL_OBJECT") and "-" not in etag
