"""Write the messages that AWS writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from greenlight.uploads.events import Arrival

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
KEYS = [
    "uploads/anna.png",
    "uploads/anna maria.png",
    "uploads/one+one.png",
    "uploads/100%25 sure.png",
    "uploads/安娜/肖像 (2).png",
    "uploads/👩‍🎤.png",
    "uploads/{{ braces }}&=?#.png",
]


def arrival(key: str = "uploads/anna.png", **fields: Any) -> Arrival:
    known: dict[str, Any] = {
        "bucket": "portraits",
        "key": key,
        "version_id": None,
        "etag": "d41d8cd98f00b204e9800998ecf8427e",
        "size_bytes": 1024,
        "sequencer": None,
        "event_time": NOON,
    }
    return Arrival(**known | fields)


def record(key: str = "uploads/anna.png", **changes: Any) -> dict[str, Any]:
    """Return S3's own record; changes are of the record, or of its object where S3 puts them there."""
    about = {
        "key": quote_plus(key),
        "size": 1024,
        "eTag": "d41d8cd98f00b204e9800998ecf8427e",
        "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
        "sequencer": "0055AED6DCD90281E5",
    }
    whole: dict[str, Any] = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-west-2",
        "eventTime": "2026-11-03T12:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "greenlight",
            "bucket": {"name": "portraits", "arn": "arn:aws:s3:::portraits"},
            "object": about | {name: changes.pop(name) for name in list(changes) if name in about},
        },
    }
    return whole | changes


def direct(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": list(records)})


def by_minio(key: str = "uploads/anna.png", **changes: Any) -> str:
    """Return MinIO's message of one upload; it leaves out the version of a bucket that keeps none."""
    found = record(key, eventSource="minio:s3", eventVersion="2.0", **changes)
    found["eventName"] = "s3:ObjectCreated:Put"
    return json.dumps(
        {"EventName": found["eventName"], "Key": f"portraits/{key}", "Records": [found]}
    )


def by_ceph(key: str = "uploads/anna.png", **changes: Any) -> str:
    """Return Ceph's message of one upload, which has the key as it is."""
    found = record(key, eventSource="ceph:s3", eventVersion="2.2", **changes)
    found["s3"]["object"]["key"] = key
    return direct(found)


def by_sns(message: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "22b80b92", "Message": message})


def by_eventbridge(key: str = "uploads/anna.png", **changes: Any) -> str:
    whole = {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "time": "2026-11-03T12:00:00Z",
        "detail": {
            "version": "0",
            "bucket": {"name": "portraits"},
            "object": {
                "key": key,
                "size": 1024,
                "etag": "d41d8cd98f00b204e9800998ecf8427e",
                "version-id": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                "sequencer": "0055AED6DCD90281E5",
            },
            "reason": "PutObject",
        },
    }
    return json.dumps(whole | changes)


TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "portraits"})
