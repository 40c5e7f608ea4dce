"""What can happen in the middle: a worker is killed, or the Prefect server goes and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.endtoend.pipeline import FLOWS, Pipeline
from tests.endtoend.story import Story
from tests.programs import Program


@contextmanager
def killed_worker(story: Story) -> Iterator[None]:
    """Kill a worker with all its runs, as soon as one of them has begun after the uploads."""
    worker = story.pipeline.workers[0]
    yield
    killed: list[str] = []

    def is_at_work() -> bool:
        killed[:] = _runs_of(worker, story.pipeline)
        return bool(killed)

    story.wait_until(is_at_work, "a run of the first worker")
    worker.kill()
    story.tell(f"the first worker is killed in the middle of {', '.join(killed)}")


@contextmanager
def absent_server(story: Story) -> Iterator[None]:
    """Take the Prefect server away during the uploads, while runs go on, and bring it back."""
    pipeline = story.pipeline
    server, listener = pipeline.around.server, pipeline.listener
    assert listener is not None
    story.wait_until(lambda: bool(_running(pipeline)), "a run that has begun")
    server.stop()
    story.tell("the Prefect server is gone")
    yield
    story.wait_until(lambda: "cannot be handed over yet" in listener.tail(), "its complaint")
    server.start()
    pipeline.around.wait_for_server()
    story.tell("the Prefect server is back")


def begun_again(pipeline: Pipeline) -> Iterator[str]:
    """Tell of each run that did not go through in one go, by the states that it went through."""
    for run in pipeline.prefect.runs(*FLOWS):
        states = [str(one["name"]) for one in pipeline.prefect.states(run["id"])]
        if {"AwaitingRetry", "Crashed"} & set(states):
            yield f"{run['name']}: {', '.join(states)}"


def _runs_of(worker: Program, pipeline: Pipeline) -> list[str]:
    """Return the names of the runs whose processes a worker has begun and that are under way."""
    # Where a process runs is written as HOST:PID.
    mine = {str(pid) for pid in worker.children()}
    return [
        run["name"]
        for run in _running(pipeline)
        if str(run["infrastructure_pid"]).rpartition(":")[2] in mine
    ]


def _running(pipeline: Pipeline) -> list[dict[str, Any]]:
    return [run for run in pipeline.prefect.runs(*FLOWS) if run["state_type"] == "RUNNING"]
