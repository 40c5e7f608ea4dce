"""Name what can go wrong between a bucket and the runs that its uploads start."""

from __future__ import annotations

from greenlight.errors import GreenlightError, InputError


class MalformedMessage(InputError):  # noqa: N818 - the name of the message it stands for
    """A message that S3 would not have written."""


class BatchRefused(GreenlightError):  # noqa: N818 - the name of the answer it stands for
    """A batch that will be refused however often it is handed over."""


class QueueError(GreenlightError):
    """The queue does not answer; later it may."""


class QueueRefused(QueueError):  # noqa: N818 - the name of the answer it stands for
    """The queue answers, and does not let us in or is not there."""
