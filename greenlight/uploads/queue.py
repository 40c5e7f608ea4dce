"""Speak to one SQS queue: receive, keep out of others' sight, delete."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from greenlight.aws.advice import advice_on
from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors, is_refusal, reason_of
from greenlight.uploads.errors import MessagesRefused, QueueError, QueueRefused

POLL_SECONDS = 5
"""SQS answers as soon as something is there, after 20 s at the latest; but a stop waits for the poll under
way, and Docker kills after 10 s."""
VISIBILITY_SECONDS = 60
AT_ONCE = 10
"""What SQS takes and gives in one request."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was received this time; the receipt is good for this time only."""

    id: str
    receipt: str
    body: str


class UploadQueue:
    """A queue at its address; every call runs in a thread.

    `QueueError` says that it does not answer, `QueueRefused` that it does but lets nobody in, and
    `MessagesRefused` that it did not take what was asked for some messages.
    """

    def __init__(
        self,
        url: str,
        *,
        poll_seconds: int = POLL_SECONDS,
        visibility_seconds: int = VISIBILITY_SECONDS,
    ) -> None:
        self.url = url
        self.visibility_seconds = visibility_seconds
        self._poll_seconds = poll_seconds

    @property
    def name(self) -> str:
        """Return the last part of the address."""
        return self.url.rstrip("/").rsplit("/", 1)[-1]

    async def receive(self) -> list[Message]:
        """Return what is there, at most ten messages, waiting some seconds for the first."""
        answer = await self._ask(
            "receive_message",
            MaxNumberOfMessages=AT_ONCE,
            WaitTimeSeconds=self._poll_seconds,
            VisibilityTimeout=self.visibility_seconds,
        )
        return [
            Message(one["MessageId"], one["ReceiptHandle"], one["Body"])
            for one in answer.get("Messages", [])
        ]

    async def delete(self, receipts: Iterable[str]) -> None:
        """Delete messages for good; one that has meanwhile been received by others may come again."""
        await self._ask_for_each(receipts, "delete_message_batch", "delete")

    async def change_visibility(self, receipts: Iterable[str], seconds: int) -> None:
        """Keep messages from being received again for so many seconds from now; 0 gives them back."""
        operation, verb = "change_message_visibility_batch", "hide" if seconds else "give back"
        await self._ask_for_each(receipts, operation, verb, VisibilityTimeout=seconds)

    async def _ask_for_each(
        self, receipts: Iterable[str], operation: str, verb: str, **what: int
    ) -> None:
        """Ask for the same of all messages, ten at a time, and raise afterwards what was not done."""
        failed: dict[str, str] = {}
        for some in _in_tens(receipts):
            entries = [
                {"Id": str(number), "ReceiptHandle": one} | what for number, one in enumerate(some)
            ]
            answer = await self._ask(operation, Entries=entries)
            failed |= {some[int(one["Id"])]: one["Code"] for one in answer.get("Failed", [])}
        if failed:
            messages = "1 message" if len(failed) == 1 else f"{len(failed)} messages"
            codes = ", ".join(sorted(set(failed.values())))
            raise MessagesRefused(
                f"the queue {self.name} did not {verb} {messages} ({codes})", failed.keys()
            )

    @cached_property
    def _client(self) -> Any:
        return aws_client("sqs", region=region_of(self.url), read_seconds=self._poll_seconds + 15)

    async def _ask(self, operation: str, **request: Any) -> Any:
        try:
            return await asyncio.to_thread(self._call, operation, request)
        except aws_errors() as error:
            kind = QueueRefused if is_refusal(error) else QueueError
            raise kind(
                f"the queue {self.name} cannot be used ({reason_of(error)})", advice_on(error)
            ) from None

    def _call(self, operation: str, request: dict[str, Any]) -> Any:
        return getattr(self._client, operation)(QueueUrl=self.url, **request)


def region_of(url: str) -> str | None:
    """Return the region that stands in a queue's address, where AWS wrote it."""
    found = re.match(r"https://(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com", url)
    return (found[1] or found[2]) if found else None


def _in_tens(receipts: Iterable[str]) -> Iterable[list[str]]:
    rest = iter(receipts)
    while some := list(islice(rest, AT_ONCE)):
        yield some
