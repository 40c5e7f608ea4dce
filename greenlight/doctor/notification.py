"""Say whether the bucket tells the queue of what is uploaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors, reason_of
from greenlight.doctor.findings import Finding, broken, ok, skipped, warning
from greenlight.errors.advice import AnnounceByEventBridge, AnnounceUploads
from greenlight.media.s3 import split_s3
from greenlight.uploads.eventbridge import EventBridgeRule
from greenlight.uploads.notifications import AnotherReceiver, with_queue
from greenlight.uploads.queue import UploadQueue, region_of
from greenlight.uploads.surroundings import Surroundings
from greenlight.uploads.watching import Watch

SUBJECT: Final = "notification"


def examine_notification(place: str | None, queue_url: str | None) -> Iterator[Finding]:
    """Yield whether uploads to `s3://bucket/prefix/` are announced to the queue at an address."""
    if queue_url is None or place is None or not place.startswith("s3://"):
        yield skipped(
            SUBJECT, "it takes a bucket and a queue to see whether the one notifies the other"
        )
        return
    bucket, prefix = split_s3(place)
    watch = Watch(bucket=bucket, prefix=prefix, queue=UploadQueue(queue_url).name)
    try:
        queue = _attributes(queue_url)
        known = _configuration(bucket)
    except aws_errors() as error:
        # What is wrong with the bucket or the queue, their own findings say.
        yield skipped(
            SUBJECT, f"whether the bucket notifies the queue cannot be read ({reason_of(error)})"
        )
        return
    yield told(watch, queue, known)


def _attributes(url: str) -> Mapping[str, str]:
    answer = aws_client("sqs", region=region_of(url)).get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn", "Policy"]
    )
    return dict(answer["Attributes"])


def _configuration(bucket: str) -> Mapping[str, Any]:
    answer = aws_client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def told(watch: Watch, queue: Mapping[str, str], known: Mapping[str, Any]) -> Finding:
    """Return whether a queue of those attributes is told of its uploads by a bucket configured so."""
    try:
        is_told = with_queue(known, watch, queue["QueueArn"]) is known
    except AnotherReceiver as other:
        return _otherwise(watch, queue, known, other.sends)
    if not is_told:
        return _otherwise(watch, queue, known, "")
    if not queue.get("Policy"):
        return broken(
            SUBJECT,
            f"uploads to {watch.place} should notify {watch.queue}, whose policy lets nobody send",
            _announce(watch),
        )
    return ok(SUBJECT, f"{watch.queue} is notified of uploads to {watch.place}")


def _otherwise(
    watch: Watch, queue: Mapping[str, str], known: Mapping[str, Any], other: str
) -> Finding:
    """Return what is found where S3 itself does not tell the queue: EventBridge may, or a topic."""
    if known.get("EventBridgeConfiguration") is not None and _has_rule(watch, queue["QueueArn"]):
        return ok(SUBJECT, f"EventBridge notifies {watch.queue} of uploads to {watch.place}")
    if known.get("TopicConfigurations"):
        return warning(
            SUBJECT,
            f"the bucket notifies a topic of uploads; whether that notifies {watch.queue} was not checked",
            "check the topic's subscriptions",
        )
    nobody = f"{watch.queue} is not notified of uploads to {watch.place}"
    if other:
        advice = AnnounceByEventBridge(watch.bucket, watch.prefix, watch.queue)
        return broken(SUBJECT, f"{nobody}: {other}", advice)
    return broken(SUBJECT, nobody, _announce(watch))


def _has_rule(watch: Watch, queue_arn: str) -> bool:
    """Whether the rule is there that the set-up makes."""
    rule = EventBridgeRule(watch, Surroundings(watch.bucket), queue_arn)
    return not any(step.do for step in rule.steps())


def _announce(watch: Watch) -> AnnounceUploads:
    return AnnounceUploads(watch.bucket, watch.prefix, watch.queue)
