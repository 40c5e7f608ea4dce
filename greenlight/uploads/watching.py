"""Say what part of a bucket is watched, and keep results out of it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from greenlight.errors import SettingsError
from greenlight.media.s3 import split_s3


@dataclass(frozen=True, slots=True)
class Watch:
    """The part of a bucket whose uploads are announced to a queue.

    `SettingsError` says what of it makes no sense.
    """

    bucket: str
    prefix: str
    queue: str
    """A name, not an address."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", self.bucket):
            raise SettingsError(f"{self.bucket!r} is not a bucket's name", "write it without s3://")
        if self.queue.endswith(".fifo"):
            raise SettingsError(f"S3 cannot notify a FIFO queue like {self.queue}", "name another")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,67}", self.queue):
            raise SettingsError(
                f"{self.queue!r} is not a queue's name", "use at most 67 letters, digits, - and _"
            )
        if self.prefix.startswith(("/", "s3://")):
            raise SettingsError(
                f"no key begins like the prefix {self.prefix!r}", "write it like uploads/"
            )

    @property
    def place(self) -> str:
        """Return what is watched, as people write it."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def mark(self) -> str:
        """Return what is this watch's own, wherever AWS asks for an id."""
        parts = "\n".join((self.bucket, self.prefix, self.queue))
        return f"greenlight-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"


def refuse_output_inside(bucket: str, prefix: str, out: str | None) -> None:
    """Raise a `SettingsError` if what is written to `out` could arrive as an upload again."""
    if arrives_again(bucket, prefix, out):
        raise SettingsError(
            f"the output {out} is within the watched s3://{bucket}/{prefix}, so every video would start "
            "another run",
            "give another prefix, or another place for the output",
        )


def arrives_again(bucket: str, prefix: str, out: str | None) -> bool:
    """Return whether what is written to `out` could arrive as an upload: a video, or a flow's result.

    `out` is a folder or a file in a bucket; a place outside S3 is never watched.
    """
    if out is None or not out.startswith("s3://"):
        return False
    out_bucket, out_key = split_s3(out)
    if out_bucket != bucket:
        return False
    folder = f"{out_key.rstrip('/')}/" if out_key else ""
    # A file in the folder may be called like the rest of the prefix, as long as that names no folder.
    may_begin_so = prefix.startswith(folder) and "/" not in prefix.removeprefix(folder)
    return folder.startswith(prefix) or may_begin_so
