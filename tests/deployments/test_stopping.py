"""A run that is stopped while the vendor answers its order, and a worker that is: real processes."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.filesystems import LocalFileSystem
from prefect.settings import (
    PREFECT_DEFAULT_RESULT_STORAGE_BLOCK,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)
from prefect.states import Cancelling

from flows.portrait_to_video import portrait_to_video
from greenlight.briefs.brief import Brief
from greenlight.ledger import Job, JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.settings import read_settings
from greenlight.studio.server import StudioServer
from tests.deployments.servers import ROOT, PrefectServer, of_studio, start, wait_for
from tests.doubts import SETTLED, RunningClock, reconciler
from tests.steering import add_fault, received

pytestmark = pytest.mark.usefixtures("_results")

ANSWER_SECONDS = 6.0
"""Long enough for two runs to begin on a busy machine, and shorter than Prefect's grace of 30 s."""


@pytest.fixture
def surroundings(
    studio: StudioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The settings of the worker, and of the run that comes after it in this process."""
    settings = of_studio(studio, tmp_path)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def pool(prefect: SyncPrefectClient) -> Iterator[str]:
    """A work pool with one deployment, of its own name: no schedule, and no automation looks at it."""
    name = f"stopping-{uuid.uuid4().hex}"
    prefect.create_work_pool(WorkPoolCreate(name=name, type="process"))
    made = prefect.create_deployment(
        flow_id=prefect.create_flow(portrait_to_video),
        name=name,
        entrypoint="flows/portrait_to_video.py:portrait_to_video",
        work_pool_name=name,
        pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}],
    )
    yield name
    prefect.delete_deployment(made)
    prefect.delete_work_pool(name)


@pytest.fixture
def _results(prefect: SyncPrefectClient, tmp_path: Path) -> Iterator[None]:
    """Let a run in this process keep its results in a named block, and its log to itself.

    Otherwise Prefect asks for a block with a client that it never closes.
    """
    name = f"results-{uuid.uuid4().hex}"
    LocalFileSystem(basepath=str(tmp_path / "results")).save(name)
    changed = {
        PREFECT_DEFAULT_RESULT_STORAGE_BLOCK: f"local-file-system/{name}",
        PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with temporary_settings(changed):
        yield


@pytest.fixture
def clock(studio: StudioServer) -> RunningClock:
    return RunningClock(vendors=[studio])


@pytest.fixture
def books(surroundings: dict[str, str], clock: RunningClock) -> Iterator[Ledger]:
    """The books that the worker's runs work with."""
    settings = read_settings()
    with Ledger(settings.ledger_url, clock=clock, home=settings.home) as ledger:
        yield ledger


@pytest.fixture
def brief(astronaut: Path, sound: Path) -> Brief:
    return Brief(portrait=str(astronaut), models=("emo",), sound=str(sound))


def order(
    prefect: SyncPrefectClient, studio: StudioServer, pool: str, briefs: list[Brief]
) -> list[FlowRun]:
    """Start a run a brief, and return the runs once the studio has their orders and answers none yet."""
    add_fault(studio, "slow", "create", seconds=ANSWER_SECONDS, times=len(briefs))
    runs = [
        start(prefect, f"portrait-to-video/{pool}", brief=one.model_dump(mode="json"))
        for one in briefs
    ]
    wait_for(lambda: received(studio, "create") == len(briefs) or None, what="the orders")
    return [prefect.read_flow_run(one.id) for one in runs]


def terminate(run: FlowRun) -> None:
    """Stop the process of a run, as a machine does that shuts down."""
    assert run.infrastructure_pid is not None
    os.kill(int(run.infrastructure_pid.rpartition(":")[2]), signal.SIGTERM)


async def expect_next_run_to_go_on(brief: Brief) -> None:
    """Run a brief again, in this process, and see that it films what was ordered before."""
    state = await portrait_to_video(brief, return_state=True)
    report = await state.aresult(raise_on_failure=False)
    assert (state.name, report.cached, report.cost_cny) == ("Filmed", True, 0)


async def test_a_run_that_is_cancelled_or_terminated_books_the_answer_before_it_ends(
    prefect: SyncPrefectClient,
    server: PrefectServer,
    studio: StudioServer,
    surroundings: dict[str, str],
    books: Ledger,
    pool: str,
    brief: Brief,
    tmp_path: Path,
) -> None:
    briefs = [brief, brief.model_copy(update={"take": 2})]
    with server.worker(tmp_path, pool, **surroundings):
        cancelled, terminated = order(prefect, studio, pool, briefs)
        terminate(terminated)
        prefect.set_flow_run_state(cancelled.id, Cancelling())
        jobs = books.jobs.newest()
        assert [job.state for job in jobs] == [JobState.RESERVED, JobState.RESERVED]

        def booked() -> bool | None:
            now = books.jobs.newest()
            return all(job.state is JobState.SUBMITTED and job.task_id for job in now) or None

        wait_for(booked, what="the answers")
    for one in briefs:
        await expect_next_run_to_go_on(one)
    assert received(studio, "create") == 2


async def test_a_worker_that_is_stopped_kills_its_run_and_the_order_stays_in_doubt_until_it_is_found(
    prefect: SyncPrefectClient,
    server: PrefectServer,
    studio: StudioServer,
    client: ModelStudio,
    surroundings: dict[str, str],
    books: Ledger,
    clock: RunningClock,
    pool: str,
    brief: Brief,
    tmp_path: Path,
) -> None:
    with server.worker(tmp_path, pool, **surroundings) as worker:
        order(prefect, studio, pool, [brief])
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0

    def only_job() -> Job:
        (job,) = books.jobs.newest()
        return job

    assert (only_job().state, only_job().task_id) == (JobState.RESERVED, None)
    clock.turn(SETTLED)
    (doubt,) = await reconciler(client, books, exclusive=True).reconcile()
    assert doubt.outcome == "adopted"
    await expect_next_run_to_go_on(brief)
    assert received(studio, "create") == 1
