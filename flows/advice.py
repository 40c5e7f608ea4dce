"""Word advice as what to do in Prefect, or on a worker's machine where only a command there can do it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from greenlight.errors import advice
from greenlight.errors.advice import Advice
from greenlight.errors.explained import Part

IN_PREFECT: Final[Mapping[type[Advice], str]] = {
    advice.GetKey: (
        "put a key of the China (Beijing) region into DASHSCOPE_API_KEY on the worker's machine, "
        "or name a ModelStudioCredentials block as `credentials`"
    ),
    advice.ListJobs: "on a worker's machine `greenlight jobs` lists all jobs",
    advice.ListDoubts: "on a worker's machine `greenlight reconcile` lists the jobs in doubt",
    advice.Collect: (
        "a run of the deployment `collect`, or of the same brief, fetches the video within 24 "
        "hours at no extra cost"
    ),
    advice.FetchVideo: "a run of the deployment `collect` fetches it",
    advice.CloseJob: "a run of the deployment `collect` closes the job",
    advice.Reconcile: (
        "it is not sent again until a run of the deployment `collect` has looked for its task"
    ),
    advice.AdoptTask: (
        "if it is this job's, run `greenlight reconcile --adopt {job} {task_id}` on a worker's "
        "machine"
    ),
    advice.AdoptOrRelease: (
        "once you know, run `greenlight reconcile --adopt {job} TASK_ID`, or "
        "`greenlight reconcile --release {job}`, on a worker's machine"
    ),
    advice.RaiseTake: "a run with a higher `take` in its brief makes, and pays for, a new video",
    advice.RaiseTakeTo: "a run with {take} as `take` in its brief makes, and pays for, a new one",
    advice.AllowOrigin: (
        "put the file there, or allow {origin} with `also_from` in the deployment's defaults"
    ),
}
"""What runs never come to is worded as the core words it."""


def in_prefect(part: Part) -> str:
    """Return a piece of a sentence in the words of Prefect's UI."""
    return part if isinstance(part, str) else part.put(IN_PREFECT.get(type(part), part.words))
