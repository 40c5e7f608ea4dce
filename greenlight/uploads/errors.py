"""Name what can go wrong between a bucket and the runs that its uploads start."""

from __future__ import annotations

from collections.abc import Collection

from greenlight.errors import GreenlightError, InputError


class MalformedMessage(InputError):  # noqa: N818 - the name of the message it stands for
    """A message that S3 would not have written; its sentence goes on after the message's id."""

    could_cost = False


class BatchRefused(GreenlightError):  # noqa: N818 - the name of the answer it stands for
    """A batch that will be refused however often it is handed over."""

    could_cost = False


class QueueError(GreenlightError):
    """The queue does not answer; later it may."""

    could_cost = False


class MessagesRefused(QueueError):  # noqa: N818 - the name of the answer it stands for
    """The queue answers, and did not do with some messages what it did with the others."""

    def __init__(self, what: str, receipts: Collection[str]) -> None:
        super().__init__(what)
        self.receipts = frozenset(receipts)


class QueueRefused(QueueError):  # noqa: N818 - the name of the answer it stands for
    """The queue answers, and does not let us in or is not there."""
