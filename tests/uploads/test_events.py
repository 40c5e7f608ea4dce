"""Reading S3's messages."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenlight.uploads.errors import MalformedMessage
from greenlight.uploads.events import read_message
from tests.uploads.messages import (
    KEYS,
    NOON,
    TEST_EVENT,
    arrival,
    by_ceph,
    by_eventbridge,
    by_minio,
    by_sns,
    direct,
    record,
)

ANNA = arrival(version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko", sequencer="0055AED6DCD90281E5")
SHAPES = [
    direct(record()),
    by_sns(direct(record())),
    by_eventbridge(),
    by_sns(by_eventbridge()),
    by_minio(),
    by_ceph(),
    direct(record(eventSource="another-store:s3")),
]


@pytest.mark.parametrize("body", SHAPES)
def test_every_shape_tells_of_the_same_upload(body: str) -> None:
    assert read_message(body) == (ANNA,)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_decoded_once_where_it_is_encoded_and_never_elsewhere(key: str) -> None:
    for body in (
        direct(record(key)),
        by_sns(direct(record(key))),
        by_eventbridge(key),
        by_minio(key),
        by_ceph(key),
    ):
        assert [one.key for one in read_message(body)] == [key]


@settings(derandomize=True, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_key_comes_back_as_it_was(name: str) -> None:
    key = f"{name}.png"
    for body in (direct(record(key)), by_eventbridge(key)):
        assert [one.key for one in read_message(body)] == [key]


@pytest.mark.parametrize(
    "body",
    [
        TEST_EVENT,
        by_sns(TEST_EVENT),
        direct(),
        direct(record(eventName="ObjectRemoved:Delete")),
        direct(record(eventName="ObjectTagging:Put")),
        direct(record("uploads/a folder/")),
        by_eventbridge(**{"detail-type": "Object Deleted"}),
        by_eventbridge("uploads/a folder/"),
    ],
)
def test_messages_that_ask_for_no_work_tell_of_nothing(body: str) -> None:
    assert read_message(body) == ()


@pytest.mark.parametrize(
    ("body", "source"),
    [
        (direct({"eventSource": "aws:ses", "ses": {}}), "'aws:ses'"),
        (direct({"ses": {}}), "''"),
        (by_eventbridge(source="aws.ec2"), "'aws.ec2'"),
        (by_eventbridge(source=None), "''"),
        (direct({"eventSource": "\x1b[2J"}), r"'\x1b[2J'"),
    ],
)
def test_what_nothing_of_s3_sends_is_passed_over_and_said(
    body: str, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert read_message(body) == ()
    (warning,) = caplog.records
    assert (warning.levelname, f"an event of {source} is passed over" in warning.getMessage()) == (
        "WARNING",
        True,
    )


@pytest.mark.parametrize("body", SHAPES)
def test_what_s3_sends_is_not_talked_about(body: str, caplog: pytest.LogCaptureFixture) -> None:
    for told in (body, TEST_EVENT, direct(record(eventName="ObjectRemoved:Delete"))):
        read_message(told)
    assert not caplog.records


def test_a_message_may_hold_several_records() -> None:
    body = direct(record("a.png"), record("b.png", eventName="ObjectRemoved:Delete"), record("c"))
    assert [one.key for one in read_message(body)] == ["a.png", "c"]


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.99"])
def test_fields_that_a_minor_version_adds_are_ignored(version: str) -> None:
    body = direct(record(eventVersion=version, glacierEventData={"restoreEventData": {}}))
    assert read_message(body) == (ANNA,)


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"versionId": None}, "version_id", None),
        ({"versionId": "null"}, "version_id", None),
        ({"sequencer": None}, "sequencer", None),
        ({"size": None}, "size_bytes", None),
        ({"size": 0}, "size_bytes", 0),
        ({"eTag": '"abc"'}, "etag", "abc"),
        ({"eventTime": "2026-11-03T20:00:00+08:00"}, "event_time", NOON),
        ({"eventTime": "2026-11-03T12:00:00.250Z"}, "event_time", NOON.replace(microsecond=250000)),
        ({"eventTime": 0}, "event_time", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_what_stores_leave_out_or_write_otherwise_is_borne(
    changes: dict[str, Any], field: str, expected: object
) -> None:
    (found,) = read_message(direct(record(**changes)))
    assert getattr(found, field) == expected


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("anna.png", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "lacks an object"),
        ("{}", "none of the shapes"),
        (json.dumps({"Type": "SubscriptionConfirmation"}), "none of the shapes"),
        (by_sns("hello"), "not JSON"),
        (json.dumps({"Type": "Notification", "Message": 1}), "Message is not text"),
        (json.dumps({"Records": {}}), "not a list"),
        (direct(record(eventVersion="3.0")), "version '3.0'"),
        (direct(record(eventVersion=2.1)), "eventVersion is not text"),
        (direct(record(s3=None)), "lacks an object"),
        (direct(record(key="")), "lacks key"),
        (direct(record(eventTime="yesterday")), "lacks the time"),
        (direct(record(eventTime=1e300)), "lacks the time"),
        (direct(record(size="1024")), "not a number of bytes"),
        (direct(record(size=-1)), "not a number of bytes"),
        (direct(record("nul\0.png")), "characters"),
        (direct(record()).replace("uploads%2Fanna", "%ff"), "not UTF-8"),
        (by_eventbridge("half of an emoji \ud83d"), "characters"),
        (by_eventbridge(detail={"object": {"key": "anna.png"}}), "lacks an object"),
    ],
)
def test_a_malformed_message_is_one_clear_error(body: str, words: str) -> None:
    with pytest.raises(MalformedMessage, match=words):
        read_message(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "s3", "object", "bucket", "name", "key", "eventTime", "detail", "time"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(derandomize=True, deadline=None)
@given(JSON, st.sampled_from(["s3", "eventTime", "eventName", "eventVersion", "eventSource"]))
def test_whatever_stands_in_a_record_no_other_error_comes_out(value: Any, field: str) -> None:
    for body in (direct(record() | {field: value}), by_eventbridge(detail=value)):
        with contextlib.suppress(MalformedMessage):
            assert isinstance(read_message(body), tuple)


def test_an_arrival_as_json_has_the_names_of_its_fields() -> None:
    assert json.loads(json.dumps(ANNA.as_json())) == {
        "bucket": "portraits",
        "key": "uploads/anna.png",
        "version_id": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
        "etag": "d41d8cd98f00b204e9800998ecf8427e",
        "size_bytes": 1024,
        "sequencer": "0055AED6DCD90281E5",
        "event_time": "2026-11-03T12:00:00+00:00",
    }
