"""Learn in which way a store puts an object without touching one that lies there, and keep it for a day.

Amazon's own way is the header If-None-Match. Some stores answer it with 501, as Alibaba's OSS, which has a
header of its own; others take it and overwrite all the same, as older versions of Ceph and MinIO.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from greenlight.aws.addressing import is_aws
from greenlight.aws.advice import NOT_THERE
from greenlight.aws.errors import aws_errors, code_of, is_refusal
from greenlight.errors import SettingsError
from greenlight.settings import read_settings

PROBE: Final = "greenlight-probe-"
TAKEN: Final = ("PreconditionFailed", "412", "FileAlreadyExists")
"""By these codes a store says that an object lies there."""
_LEARNING: Final = threading.Lock()
_KNOWN: Final[dict[tuple[str, str], tuple[str, Dialect]]] = {}
"""What was learnt of each endpoint and bucket, and on which day."""


class Dialect(StrEnum):
    """How a store is told that an object must not be replaced."""

    IF_NONE_MATCH = "If-None-Match"
    FORBID_OVERWRITE = "x-oss-forbid-overwrite"
    LOOK_FIRST = "look first"
    """It knows no such way: it is asked whether an object lies there, and then told to put."""
    UNKNOWN = "unknown"
    """It lets nobody try, so nothing is put under a name that others may have too."""


_SPARING: Final[Mapping[Dialect, Mapping[str, object]]] = MappingProxyType(
    {
        Dialect.IF_NONE_MATCH: {"IfNoneMatch": "*"},
        Dialect.FORBID_OVERWRITE: {"Headers": {"x-oss-forbid-overwrite": "true"}},
        Dialect.LOOK_FIRST: {},
    }
)
"""What a put takes in each dialect, in the order in which they are tried."""


def put_new(client: Any, dialect: Dialect, **wanted: Any) -> bool:
    """Put an object where none lies; return whether that was so.

    In an unknown dialect it is put in any case: the name is to be one that nobody else has.
    """
    if dialect is Dialect.LOOK_FIRST and _lies_there(client, wanted["Bucket"], wanted["Key"]):
        return False
    try:
        client.put_object(**wanted, **_SPARING.get(dialect, {}))
    except aws_errors() as error:
        if code_of(error) in TAKEN:
            return False
        raise
    return True


def _lies_there(client: Any, bucket: str, key: str) -> bool:
    try:
        client.head_object(Bucket=bucket, Key=key)
    except aws_errors() as error:
        # Whoever is told nothing may not take that for a no.
        if code_of(error) in NOT_THERE:
            return False
        raise
    return True


def dialect_of(client: Any, bucket: str, folder: str, *, again: bool = False) -> Dialect:
    """Return a store's dialect: the one that is known today, or else (or again) what probes show.

    `folder` is the prefix below which they are put. Raises boto3's errors when the store does not answer.
    """
    it = (str(client.meta.endpoint_url), bucket)
    if is_aws(it[0]):
        return Dialect.IF_NONE_MATCH
    today = f"{datetime.now(UTC):%F}"
    # One at a time: those who come first together would each probe.
    with _LEARNING:
        day, known = _KNOWN.get(it) or _read(it)
        # Where nobody may try, somebody may be allowed to in a moment.
        if again or day != today or known is Dialect.UNKNOWN:
            known = _learn(client, bucket, folder)
            _write(it, today, known)
        _KNOWN[it] = today, known
        return known


def _learn(client: Any, bucket: str, folder: str) -> Dialect:
    return next((one for one in _SPARING if _spares(client, one, bucket, folder)), Dialect.UNKNOWN)


def _spares(client: Any, dialect: Dialect, bucket: str, folder: str) -> bool:
    """Whether an object that was put in a dialect keeps a second one of its name away."""
    key = f"{folder.strip('/')}/{PROBE}{secrets.token_hex(16)}".lstrip("/")
    # Put as a video is, so that a video is not the first to be refused.
    probe = {
        "Bucket": bucket,
        "Key": key,
        "Body": b"a probe",
        "ContentType": "video/mp4",
        "Metadata": {"job": "none"},
    }
    try:
        return put_new(client, dialect, **probe) and not put_new(client, dialect, **probe)
    except aws_errors() as error:
        if is_refusal(error):
            return False
        raise
    finally:
        # Who may not delete leaves it there.
        with suppress(*aws_errors()):
            client.delete_object(Bucket=bucket, Key=key)


def _read(it: tuple[str, str]) -> tuple[str, Dialect]:
    """Return what another process has learnt, and on which day."""
    try:
        told = json.loads(_file(it).read_text(encoding="utf-8"))
        return str(told["day"]), Dialect(told["dialect"])
    except (OSError, ValueError, LookupError, TypeError, SettingsError):
        return "", Dialect.UNKNOWN


def _write(it: tuple[str, str], day: str, dialect: Dialect) -> None:
    """Let other processes know; who cannot write it down lets each learn it."""
    told = {"endpoint": it[0], "bucket": it[1], "dialect": dialect, "day": day}
    with suppress(OSError, SettingsError):
        file = _file(it)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
        part.write_text(f"{json.dumps(told)}\n", encoding="utf-8")
        part.replace(file)


def _file(it: tuple[str, str]) -> Path:
    name = hashlib.sha256("\n".join(it).encode()).hexdigest()[:16]
    return read_settings().home / "stores" / f"{name}.json"
