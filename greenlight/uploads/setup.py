"""Make a bucket announce its uploads to a queue: say what would be done, or do it.

Every step looks first at what is there, so that doing it again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from greenlight.aws.errors import aws_errors, code_of
from greenlight.uploads.eventbridge import EventBridgeRule
from greenlight.uploads.notifications import with_eventbridge, with_queue
from greenlight.uploads.steps import Step, already, ask, in_words
from greenlight.uploads.surroundings import Surroundings
from greenlight.uploads.watching import Watch

MAX_RECEIVES = 5
RETENTION_SECONDS = 14 * 86_400
"""As long as SQS keeps anything."""
NO_SUCH_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


class BucketSetup:
    """All that stands between a bucket and a queue: queues, policy, notification, and EventBridge's rule."""

    def __init__(self, watch: Watch, *, via_eventbridge: bool = False) -> None:
        self._watch = watch
        self._via_eventbridge = via_eventbridge
        self._surroundings = Surroundings(watch.bucket)

    def steps(self) -> Iterator[Step]:
        """Yield the steps in their order; take each before the next is asked for, or none.

        `SettingsError` says what AWS refused, or whom S3 notifies already.
        """
        yield ask(self._dead_letters)
        yield ask(self._queue)
        if self._via_eventbridge:
            yield from self._rule().steps()
        yield ask(self._policy)
        yield ask(self._notification)

    def queue_url(self) -> str | None:
        """Return the address that a listener needs, or nothing if the queue is not there."""
        return in_words(lambda: self._find(self._watch.queue), "the queue cannot be found")

    def _dead_letters(self) -> Step:
        name = self._dead_letters_name
        attributes = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
        step = Step(
            "create",
            f"the queue {name}, which keeps what could not be worked on until it is 14 days old",
            lambda: self._sqs.create_queue(QueueName=name, Attributes=attributes),
        )
        return already(step, is_so=self._find(name) is not None)

    def _queue(self) -> Step:
        name, url = self._watch.queue, self._find(self._watch.queue)
        arn = self._surroundings.arn("sqs", self._dead_letters_name)
        redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES}
        wanted = {"RedrivePolicy": json.dumps(redrive)}
        what = f"the queue {name}, which gives a message up after {MAX_RECEIVES} vain tries"
        if url is None:
            wanted["MessageRetentionPeriod"] = str(RETENTION_SECONDS)
            return Step(
                "create", what, lambda: self._sqs.create_queue(QueueName=name, Attributes=wanted)
            )
        known = json.loads(self._attribute(url, "RedrivePolicy") or "{}")
        # Some stores give the number back as text.
        is_so = {name: str(value) for name, value in known.items()} == {
            name: str(value) for name, value in redrive.items()
        }
        step = Step(
            "change",
            what,
            lambda: self._sqs.set_queue_attributes(QueueUrl=url, Attributes=wanted),
        )
        return already(step, is_so=is_so)

    def _policy(self) -> Step:
        """Let one sender in, and leave the statements of others as they are."""
        name, url = self._watch.queue, self._find(self._watch.queue)
        policy = json.loads((self._attribute(url, "Policy") if url else None) or "{}")
        statements = policy.get("Statement", [])
        ours = self._statement()
        others = [one for one in statements if one.get("Sid") != ours["Sid"]]
        whole = {"Version": "2012-10-17", **policy, "Statement": [*others, ours]}
        attributes = {"Policy": json.dumps(whole)}
        sender = (
            f"the rule {self._watch.mark}"
            if self._via_eventbridge
            else f"the bucket {self._watch.bucket} and no other"
        )
        step = Step(
            "set",
            f"the policy that lets {sender} send to the queue {name}",
            lambda: self._sqs.set_queue_attributes(QueueUrl=self._url(name), Attributes=attributes),
        )
        return already(step, is_so=ours in statements)

    def _statement(self) -> dict[str, Any]:
        service = "events" if self._via_eventbridge else "s3"
        sender = self._rule().arn if self._via_eventbridge else self._surroundings.bucket_arn
        return {
            "Sid": f"{self._watch.mark.replace('-', '')}{service}",
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self._queue_arn,
            "Condition": {
                "ArnEquals": {"aws:SourceArn": sender},
                # A bucket's name can pass to another account when it is deleted.
                "StringEquals": {"aws:SourceAccount": self._surroundings.account},
            },
        }

    def _notification(self) -> Step:
        s3, bucket = self._surroundings.s3, self._watch.bucket
        known = s3.get_bucket_notification_configuration(Bucket=bucket)
        known.pop("ResponseMetadata", None)
        if self._via_eventbridge:
            wanted = with_eventbridge(known)
            what = f"the notification by which the bucket {bucket} tells EventBridge everything"
        else:
            wanted = with_queue(known, self._watch, self._queue_arn)
            what = (
                f"the notification that tells the queue {self._watch.queue} what is uploaded to "
                f"{self._watch.place}"
            )
        step = Step(
            "set",
            what,
            lambda: s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration=wanted
            ),
        )
        return already(step, is_so=wanted is known)

    def _rule(self) -> EventBridgeRule:
        return EventBridgeRule(self._watch, self._surroundings, self._queue_arn)

    @property
    def _queue_arn(self) -> str:
        return self._surroundings.arn("sqs", self._watch.queue)

    @property
    def _dead_letters_name(self) -> str:
        return f"{self._watch.queue}-dead-letters"

    @property
    def _sqs(self) -> Any:
        return self._surroundings.sqs

    def _find(self, name: str) -> str | None:
        try:
            return self._url(name)
        except aws_errors() as error:
            if code_of(error) in NO_SUCH_QUEUE:
                return None
            raise

    def _url(self, name: str) -> str:
        return str(self._sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def _attribute(self, url: str, name: str) -> str | None:
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        value = answer.get("Attributes", {}).get(name)
        return str(value) if value else None
