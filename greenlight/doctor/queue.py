"""Say whether the queue of uploads can be received from, and keeps what nobody can work on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from greenlight.aws.advice import NOT_THERE
from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors, code_of, reason_of
from greenlight.doctor.findings import Finding, ok, skipped, warning
from greenlight.doctor.refusals import refused
from greenlight.errors.advice import AddDeadLetters, NameQueue
from greenlight.uploads.queue import UploadQueue, region_of

SUBJECT: Final = "queue"
DEAD_LETTERS: Final = "dead letters"
WAITING: Final = "ApproximateNumberOfMessages"
UNSEEN: Final = "ApproximateNumberOfMessagesNotVisible"


def examine_queue(url: str | None) -> Iterator[Finding]:
    """Yield how it is with the queue at an address, and with its dead-letter queue.

    A message that waits is not received: that would count as one of its vain tries.
    """
    if url is None:
        yield skipped(SUBJECT, "none is named", NameQueue())
        return
    name = UploadQueue(url).name
    client = aws_client("sqs", region=region_of(url))
    try:
        known = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        waiting = int(known.get(WAITING, 0))
        if not waiting:
            client.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=0)
    except aws_errors() as error:
        yield refused(SUBJECT, f"the queue {name} cannot be used", error)
        return
    worked_on = int(known.get(UNSEEN, 0))
    says = f"messages waiting: {waiting}, in progress: {worked_on}"
    can = "can be received from; " if not waiting else "is there; "
    yield ok(SUBJECT, f"{name} {can}{says}")
    yield _dead_letters(client, name, known.get("RedrivePolicy"))


def _dead_letters(client: Any, name: str, redrive: str | None) -> Finding:
    if not redrive:
        return warning(
            DEAD_LETTERS,
            f"{name} has no dead-letter queue, so a message that cannot be processed comes back forever",
            AddDeadLetters(),
        )
    policy = json.loads(redrive)
    _, _, _, _, account, dead = str(policy["deadLetterTargetArn"]).split(":", 5)
    try:
        url = client.get_queue_url(QueueName=dead, QueueOwnerAWSAccountId=account)["QueueUrl"]
        known = client.get_queue_attributes(QueueUrl=url, AttributeNames=[WAITING])["Attributes"]
    except aws_errors() as error:
        what = f"the dead-letter queue {dead} of {name} cannot be read"
        if code_of(error) in NOT_THERE:
            return refused(DEAD_LETTERS, what, error)
        return skipped(DEAD_LETTERS, f"{what} ({reason_of(error)})")
    if count := int(known.get(WAITING, 0)):
        return warning(
            DEAD_LETTERS,
            f"{dead} holds {count} {'message' if count == 1 else 'messages'} that could not be processed",
            "look at them in the SQS console, correct what was wrong, and let SQS redrive them",
        )
    return ok(
        DEAD_LETTERS, f"{dead} receives what failed {policy['maxReceiveCount']} times, and is empty"
    )
