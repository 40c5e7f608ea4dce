"""Say whether the bucket tells the queue of what is uploaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors, reason_of
from greenlight.doctor.findings import Finding, broken, ok, skipped, warning
from greenlight.errors import SettingsError
from greenlight.media.s3 import split_s3
from greenlight.uploads.eventbridge import EventBridgeRule
from greenlight.uploads.notifications import with_queue
from greenlight.uploads.queue import UploadQueue, region_of
from greenlight.uploads.surroundings import Surroundings
from greenlight.uploads.watching import Watch

SUBJECT: Final = "notification"


def examine_notification(place: str | None, queue_url: str | None) -> Iterator[Finding]:
    """Yield whether uploads to `s3://bucket/prefix/` are announced to the queue at an address."""
    if queue_url is None or place is None or not place.startswith("s3://"):
        yield skipped(SUBJECT, "it takes a bucket and a queue to see what the one tells the other")
        return
    bucket, prefix = split_s3(place)
    watch = Watch(bucket=bucket, prefix=prefix, queue=UploadQueue(queue_url).name)
    try:
        queue = _attributes(queue_url)
        known = _configuration(bucket)
    except aws_errors() as error:
        # What is wrong with the bucket or the queue, their own findings say.
        yield skipped(
            SUBJECT, f"what the bucket tells the queue cannot be seen ({reason_of(error)})"
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
    except SettingsError as error:
        return _otherwise(watch, queue, known, str(error).partition(", and S3 allows")[0])
    if not is_told:
        return _otherwise(watch, queue, known, "")
    if not queue.get("Policy"):
        return broken(
            SUBJECT,
            f"{watch.place} is to be announced to {watch.queue}, whose policy lets nobody send",
            _command(watch),
        )
    return ok(SUBJECT, f"{watch.queue} is told of what is uploaded to {watch.place}")


def _otherwise(
    watch: Watch, queue: Mapping[str, str], known: Mapping[str, Any], other: str
) -> Finding:
    """Return what is found where S3 itself does not tell the queue: EventBridge may, or a topic."""
    if known.get("EventBridgeConfiguration") is not None and _has_rule(watch, queue["QueueArn"]):
        return ok(SUBJECT, f"EventBridge tells {watch.queue} of what is uploaded to {watch.place}")
    if known.get("TopicConfigurations"):
        return warning(
            SUBJECT,
            f"the bucket tells a topic of uploads; whether that tells {watch.queue} was not looked at",
            "look at the topic's subscriptions",
        )
    nobody = f"nobody tells {watch.queue} of what is uploaded to {watch.place}"
    if other:
        return broken(SUBJECT, f"{nobody}: {other}", f"{_command(watch)} --via-eventbridge")
    return broken(SUBJECT, nobody, _command(watch))


def _has_rule(watch: Watch, queue_arn: str) -> bool:
    """Whether the rule is there that `greenlight setup bucket --via-eventbridge` makes."""
    rule = EventBridgeRule(watch, Surroundings(watch.bucket), queue_arn)
    return not any(step.do for step in rule.steps())


def _command(watch: Watch) -> str:
    return (
        f"run: greenlight setup bucket {watch.bucket} --prefix '{watch.prefix}' "
        f"--queue {watch.queue} --apply"
    )
