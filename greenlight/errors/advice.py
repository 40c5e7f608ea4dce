"""Say what to do next as a value, which whoever shows it words as a command, or as what to do in Prefect.

The words that stand here name neither: they are for programs that call the core, and for its log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Advice:
    """What to do next; the classes below are all that there are.

    Those without fields need no decorator of their own, which would only take time at every start.
    """

    words: ClassVar[str]
    """What it is where there is neither a command line nor Prefect; its fields stand in braces."""

    def put(self, words: str) -> str:
        """Return words with the fields filled in."""
        return words.format(**vars(self))

    def __str__(self) -> str:
        return self.put(self.words)


class GetKey(Advice):
    """Nothing can be asked without a key."""

    words = (
        "put a key of the China (Beijing) region into DASHSCOPE_API_KEY, or start a local studio and point "
        "DASHSCOPE_HTTP_BASE_URL at it to work without one"
    )


@dataclass(frozen=True)
class StartStudio(Advice):
    """Nothing listens at an address that is not the vendor's."""

    words = (
        "start a local studio there, or set DASHSCOPE_HTTP_BASE_URL to the address of one, or unset it for "
        "{vendors_url}"
    )
    vendors_url: str


class ListJobs(Advice):
    """A job is not what somebody took it for."""

    words = "list the jobs to see how each of them stands"


class ListDoubts(Advice):
    """A job or a task is not one that is in doubt."""

    words = "list the jobs in doubt to see them and the tasks that may be theirs"


class Collect(Advice):
    """The vendor works on a video."""

    words = "collect the videos, or film the same brief again, within 24 hours to fetch it at no extra cost"


class FetchVideo(Advice):
    """The video of a job can be fetched."""

    words = "collect the videos to fetch it"


class CloseJob(Advice):
    """The video of a job cannot be fetched any more."""

    words = "collect the videos to close the job"


class Reconcile(Advice):
    """Only the vendor's list of tasks can say whether a request was accepted."""

    words = "it is not sent again until the jobs in doubt are reconciled"


@dataclass(frozen=True)
class AdoptTask(Advice):
    """One task fits a job in doubt, and only a person can know whether it is the job's."""

    words = "if it is this job's, adopt task {task_id} for job {job}"
    job: str
    task_id: str


@dataclass(frozen=True)
class AdoptOrRelease(Advice):
    """Only a person can find out what became of a job in doubt."""

    words = "once you know, adopt a task for job {job}, or release it"
    job: str


class AdoptAtAnyTime(Advice):
    """A task began when the job's cannot have, if the clocks were right."""

    words = "if one of the clocks was wrong, adopt the task whatever its time"


class RaiseTake(Advice):
    """There is a video, or too many attempts at one."""

    words = "a higher take makes, and pays for, a new video"


@dataclass(frozen=True)
class RaiseTakeTo(Advice):
    """A brief asks for another video than the one that it has."""

    words = "a take of {take} makes, and pays for, a new one"
    take: int


@dataclass(frozen=True)
class AllowOrigin(Advice):
    """A json in a bucket names what is in another place."""

    words = "put the file there, or allow {origin} by `also_from` in the defaults"
    origin: str


class UseEventBridge(Advice):
    """A bucket notifies somebody else already."""

    words = "remove that notification, or let EventBridge notify the queue"


@dataclass(frozen=True)
class AnnounceUploads(Advice):
    """Nobody notifies a queue of uploads."""

    words = "let the bucket {bucket} notify the queue {queue} of uploads below '{prefix}'"
    bucket: str
    prefix: str
    queue: str


class AnnounceByEventBridge(AnnounceUploads):
    """Nobody notifies a queue of uploads, and the bucket notifies somebody else already."""

    words = "let EventBridge notify the queue {queue} of uploads to {bucket} below '{prefix}'"


class AddDeadLetters(Advice):
    """A queue has nowhere to put what nobody can work on."""

    words = "give it a dead-letter queue"


class NameBucket(Advice):
    """The doctor was not told which bucket to check."""

    words = "name the bucket of your portraits"


class NameQueue(Advice):
    """The doctor was not told which queue to check."""

    words = "name the queue that is notified of uploads"


class AllowMoreTime(Advice):
    """Something did not answer in time."""

    words = "check the network and the address, or allow more time"


@dataclass(frozen=True)
class ChooseModel(Advice):
    """Models will be shut down."""

    words = "choose from {staying}, or use a deployment of your own"
    staying: str


@dataclass(frozen=True)
class ReplaceModel(Advice):
    """A model that was chosen will be shut down."""

    words = "choose from {staying}, or name a deployment of your own of {model}"
    staying: str
    model: str
