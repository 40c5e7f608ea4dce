"""Word advice as commands, and tell where money is spoken of."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from greenlight.errors import advice
from greenlight.errors.advice import Advice
from greenlight.errors.explained import Explained, Part

COMMANDS: Final[Mapping[type[Advice], str]] = {
    advice.GetKey: (
        "put a key of the China (Beijing) region into DASHSCOPE_API_KEY, or run "
        "`greenlight studio` and point DASHSCOPE_HTTP_BASE_URL at it to work without one"
    ),
    advice.StartStudio: (
        "start a studio there with `greenlight studio`, or set DASHSCOPE_HTTP_BASE_URL to the "
        "address of one, or unset it for {vendors_url}"
    ),
    advice.ListJobs: "`greenlight jobs` lists all jobs",
    advice.ListDoubts: (
        "`greenlight reconcile` lists the jobs in doubt, and the tasks that may be theirs"
    ),
    advice.Collect: (
        "run `greenlight collect`, or this command again, within 24 hours to fetch the video at "
        "no extra cost"
    ),
    advice.FetchVideo: "`greenlight collect` fetches it",
    advice.CloseJob: "`greenlight collect` closes the job",
    advice.Reconcile: "it is not sent again until `greenlight reconcile` has looked for its task",
    advice.AdoptTask: (
        "if it is this job's, adopt it: `greenlight reconcile --adopt {job} {task_id}`"
    ),
    advice.AdoptOrRelease: (
        "once you know, run `greenlight reconcile --adopt {job} TASK_ID`, or "
        "`greenlight reconcile --release {job}`"
    ),
    advice.AdoptAtAnyTime: "if one of the clocks was wrong, --any-time adopts it",
    advice.RaiseTake: "a higher --take makes, and pays for, a new video",
    advice.RaiseTakeTo: "`greenlight film` with --take {take} makes, and pays for, a new one",
    advice.AllowOrigin: "put the file there, or allow {origin} with --also-from",
    advice.UseEventBridge: "remove that notification, or use --via-eventbridge",
    advice.AnnounceUploads: (
        "run `greenlight setup bucket {bucket} --prefix '{prefix}' --queue {queue} --apply`"
    ),
    advice.AnnounceByEventBridge: (
        "run `greenlight setup bucket {bucket} --prefix '{prefix}' --queue {queue} --apply "
        "--via-eventbridge`"
    ),
    advice.AddDeadLetters: "`greenlight setup bucket` creates one",
    advice.NameBucket: "name the one of your portraits: --bucket NAME",
    advice.NameQueue: "name the one that is notified of uploads: --queue URL",
    advice.AllowMoreTime: "check the network and the address, or allow more time with --timeout",
    advice.ChooseModel: (
        "choose from {staying}, or use a deployment of your own; --model checks what you choose"
    ),
    advice.ReplaceModel: (
        "choose from {staying}, or name a deployment of your own: --deployment {model}=NAME"
    ),
}
PAYING: Final = {"check", "film", "sweep"}
"""The commands after whose errors people want to know whether anything was spent."""


def as_command(part: Part) -> str:
    """Return a piece of a sentence in the words of the command line."""
    return part if isinstance(part, str) else part.put(COMMANDS[type(part)])


def told(error: Explained) -> str:
    """Return an error in one sentence; money is spoken of where the command could have spent any."""
    return error.text(as_command, may_pay=_may_pay())


def _may_pay() -> bool:
    words = sys.argv[1:]
    command = next((word for word in words if not word.startswith("-")), "")
    return command in PAYING and "--dry-run" not in words
