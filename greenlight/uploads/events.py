"""Read the messages in which S3 says that an object was uploaded.

Four shapes arrive in a queue: S3's own, the same wrapped by SNS, EventBridge's, and the test event that S3
sends once when it is told to notify (Amazon S3, "Event message structure"; Amazon EventBridge, "Amazon S3
events"). Stores that speak S3 write its own shape under a source of their own: MinIO `minio:s3`, with the
event's name and the key once more beside the records, and Ceph `ceph:s3`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from greenlight.uploads.errors import MalformedMessage

KNOWN_MAJOR_VERSION = "2"
OF_S3 = ":s3"
"""How the source of a record ends: after the name of whoever speaks S3."""
RAW_KEYS = ("ceph:s3",)
"""Who writes keys as they are; all others encode them as in a URL, MinIO the slashes too."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object that was uploaded, as S3 announced it."""

    bucket: str
    key: str
    """As it is called in the bucket: decoded once, where it came encoded."""
    version_id: str | None
    """Only where the bucket keeps versions."""
    etag: str | None
    size_bytes: int | None
    sequencer: str | None
    """Hexadecimal; compares within one key only, and only between values of one length."""
    event_time: datetime

    @property
    def place(self) -> str:
        """Return where it lies: `s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Return what tells this upload from another: two messages about it share it.

        The same content uploaded again has another sequencer. Stores that give none cannot be asked; there
        two uploads of one content count as one, because an upload may be told of at two times.
        """
        content = self.version_id or self.etag or ""
        upload = self.sequencer or ("" if content else self.event_time.isoformat())
        return self.bucket, self.key, content, upload

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values that JSON knows, under the names of its fields."""
        return asdict(self) | {"event_time": self.event_time.isoformat()}


def read_message(body: str) -> tuple[Arrival, ...]:
    """Return the uploads that a message tells of: none for a test event, deletions and other sources.

    `MalformedMessage` says what is wrong with a message that has none of the known shapes.
    """
    message = _parse(body)
    if message.get("Type") == "Notification" and "Message" in message:
        message = _parse(_text(message, "Message"))
    if message.get("Event") == "s3:TestEvent":
        return ()
    if "detail-type" in message:
        return _read_eventbridge(message)
    if "Records" in message:
        records = message["Records"]
        if not isinstance(records, list):
            raise MalformedMessage("its Records are not a list")
        return tuple(found for record in records for found in _read_record(_mapping(record)))
    raise MalformedMessage("it has none of the shapes that S3 writes")


def _read_record(record: Mapping[str, Any]) -> tuple[Arrival, ...]:
    """Read a record of S3's own shape, whose key is URL-encoded with a space as `+`, but for some stores."""
    source = _optional_text(record, "eventSource") or ""
    if not source.endswith(OF_S3):
        return _not_of_s3(source)
    version = _text(record, "eventVersion")
    if version.partition(".")[0] != KNOWN_MAJOR_VERSION:
        raise MalformedMessage(f"it has version {version[:20]!r}, which is not known")
    if not _text(record, "eventName").removeprefix("s3:").startswith("ObjectCreated:"):
        return ()
    about = _mapping(record.get("s3"))
    uploaded = _mapping(about.get("object"))
    key = _text(uploaded, "key")
    return _arrivals(
        bucket=_text(_mapping(about.get("bucket")), "name"),
        key=key if source in RAW_KEYS else _decoded(key),
        version_id=_optional_text(uploaded, "versionId"),
        etag=_optional_text(uploaded, "eTag"),
        uploaded=uploaded,
        event_time=_time(record.get("eventTime")),
    )


def _decoded(key: str) -> str:
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError:
        raise MalformedMessage("its key is not UTF-8") from None


def _not_of_s3(source: str) -> tuple[Arrival, ...]:
    """Return nothing for what comes from elsewhere, and say so: its message is deleted afterwards."""
    logger.warning("an event of %r is passed over: nothing that speaks S3 sends it", source[:40])
    return ()


def _read_eventbridge(message: Mapping[str, Any]) -> tuple[Arrival, ...]:
    """Read EventBridge's shape, whose key is not encoded at all."""
    if message.get("source") != "aws.s3":
        return _not_of_s3(_optional_text(message, "source") or "")
    if message["detail-type"] != "Object Created":
        return ()
    detail = _mapping(message.get("detail"))
    uploaded = _mapping(detail.get("object"))
    return _arrivals(
        bucket=_text(_mapping(detail.get("bucket")), "name"),
        key=_text(uploaded, "key"),
        version_id=_optional_text(uploaded, "version-id"),
        # Other stores that speak EventBridge's shape keep S3's own spelling.
        etag=_optional_text(uploaded, "etag") or _optional_text(uploaded, "eTag"),
        uploaded=uploaded,
        event_time=_time(message.get("time")),
    )


def _arrivals(
    *,
    bucket: str,
    key: str,
    version_id: str | None,
    etag: str | None,
    uploaded: Mapping[str, Any],
    event_time: datetime,
) -> tuple[Arrival, ...]:
    """Return the one arrival, or none for the empty object by which consoles mark a folder."""
    if key.endswith("/"):
        return ()
    # No database behind Prefect takes them, and a batch would be refused because of one of its keys.
    if "\0" in key or any("\ud800" <= letter <= "\udfff" for letter in key):
        raise MalformedMessage("its key has characters that no object is called by")
    arrival = Arrival(
        bucket=bucket,
        key=key,
        # "null" is the version of every object that was written without one, so it identifies none.
        version_id=None if version_id == "null" else version_id,
        etag=etag.strip('"') if etag else None,
        size_bytes=_size(uploaded.get("size")),
        sequencer=_optional_text(uploaded, "sequencer"),
        event_time=event_time,
    )
    return (arrival,)


def _parse(body: str) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(body))
    except (ValueError, RecursionError):
        raise MalformedMessage("it is not JSON") from None


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedMessage("it lacks an object where S3 writes one")
    return value


def _text(holder: Mapping[str, Any], name: str) -> str:
    text = _optional_text(holder, name)
    if text is None:
        raise MalformedMessage(f"it lacks {name}")
    return text


def _optional_text(holder: Mapping[str, Any], name: str) -> str | None:
    value = holder.get(name)
    if not isinstance(value, str | None):
        raise MalformedMessage(f"its {name} is not text")
    return value or None


def _size(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise MalformedMessage("its size is not a number of bytes")
    return value


def _time(value: object) -> datetime:
    """Return the moment in UTC; ISO 8601 or, from other stores, seconds since 1970."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise MalformedMessage("it lacks the time of the upload")
