"""Bring runs up to date that ended before it was known what would come of their videos."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import LogCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.results import get_result_store

from flows.advice import in_prefect
from greenlight.briefs.brief import Brief
from greenlight.ledger import Job, Ledger
from greenlight.ledger.database import now
from greenlight.ledger.job import subject_place
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Role, Verdict
from greenlight.work.reports import FilmReport, FilmState, report_job
from tasks.artifacts import show_end

UNSETTLED = [FilmState.FILMING.label, FilmState.AMBIGUOUS.label]
NEWEST = 200
"""As many runs as Prefect's server tells of at once."""


async def catch_up(closed: Iterable[Job], ledger: Ledger) -> None:
    """Let runs that ended as Filming, or in doubt, say what has come of their videos since.

    Besides the jobs that were closed just now the newest that have ended are looked at: a run may end only
    after another process has closed its job, and the command that collects knows no runs.
    """
    ended = await asyncio.to_thread(ledger.history.ended, limit=NEWEST)
    jobs = {job.flow_run: job for job in (*ended, *closed) if job.kind == "video" and job.flow_run}
    if not jobs:
        return
    async with get_client() as client:
        for run in await _unsettled(client, jobs):
            job = jobs[str(run.id)]
            report = await asyncio.to_thread(_report, run, job, ledger)
            if await _settle(client, run, report):
                await _tell(client, run, report)
                await show_end(run.id, subject_place(job), report, role=_role(job))


def _role(job: Job) -> Role:
    return catalog.family(job.family).subject


async def _unsettled(client: PrefectClient, runs: Iterable[str]) -> list[FlowRun]:
    """Return those of the runs that still say that their video is being made, or in doubt."""
    is_unsettled = FlowRunFilter(
        id=FlowRunFilterId(any_=[UUID(run) for run in runs]),
        state=FlowRunFilterState(name=FlowRunFilterStateName(any_=UNSETTLED)),
    )
    return await client.read_flow_runs(flow_run_filter=is_unsettled)


def _report(run: FlowRun, job: Job, ledger: Ledger) -> FilmReport:
    report = report_job(job, _verdicts(run, job, ledger), cached=False).worded(in_prefect)
    report.cost_cny = ledger.cost_of_run_cny(str(run.id))
    return report


def _verdicts(run: FlowRun, job: Job, ledger: Ledger) -> list[Verdict]:
    """Return what the books say of the subject, in the order of the brief's models, the filmed one last."""
    known: dict[str, Verdict] = {}
    for check in ledger.history.checks_of([job.portrait]):
        verdict = check.verdict
        is_filmed = getattr(verdict, "ratio", None) == job.brief.get("ratio")
        if check.service == job.service and (is_filmed or verdict.model != job.family):
            known.setdefault(verdict.model, verdict)
    models = Brief.model_validate(run.parameters["brief"]).models
    # A json that came later may have named another one.
    asked = models[: models.index(job.family) + 1] if job.family in models else (job.family,)
    # The books have checks only, and some families have none.
    known |= {model: catalog.family(model).unchecked() for model in catalog.unchecked()}
    return [known[model] for model in asked if model in known]


async def _settle(client: PrefectClient, run: FlowRun, report: FilmReport) -> bool:
    """Give a run the name of its outcome, and its report where it has one; return whether Prefect took it."""
    had_report = run.state is not None and run.state.data is not None
    state: State[FilmReport] = State(
        type=StateType.COMPLETED if report.state.is_good else StateType.FAILED,
        name=report.state.label,
        message=report.message,
        data=await _stored(report) if had_report else None,
    )
    answer = await client.set_flow_run_state(run.id, state, force=True)
    return answer.status is SetStateStatus.ACCEPT


async def _stored(report: FilmReport) -> Any:
    """Return a report as a result, kept where those of this run are: no result may be lost by a new state."""
    store = get_result_store()
    record = store.create_result_record(report)
    await store.apersist_result_record(record)
    return record


async def _tell(client: PrefectClient, run: FlowRun, report: FilmReport) -> None:
    """Say the outcome in the run's tags and in its log, which is what its page shows first."""
    tags = {tag for tag in run.tags if not tag.startswith("outcome:")}
    await client.update_flow_run(run.id, tags={*tags, f"outcome:{report.state.value}"})
    line = LogCreate(
        name="greenlight",
        level=logging.INFO if report.state.is_good else logging.ERROR,
        message=f"{report.state.label}: {report.message}",
        timestamp=now(),
        flow_run_id=run.id,
    )
    await client.create_logs([line])
