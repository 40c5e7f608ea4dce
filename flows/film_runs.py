"""Hand a brief over to a run that films it: of a deployment where there is one, else here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from prefect import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from flows.parameters import Beside
from flows.portrait_to_video import portrait_to_video, run_name
from greenlight.briefs.brief import Brief
from greenlight.ledger import Budget, Ledger
from greenlight.work.bundles.steps import Film
from greenlight.work.reports import FilmReport, FilmState, passed_by

DEPLOYMENT = "portrait-to-video/film"
IN_PLACE_AT_ONCE = 4
"""Film runs in this process: each is a flow run of its own, and the server's work, not ours, is the limit."""


@dataclass(slots=True)
class FilmRuns:
    """Starts one run a brief, however often the same brief is handed over."""

    ledger: Ledger
    service: str
    """Where the videos are made: each service makes its own."""
    budget: Budget | None = None
    """What this run may spend, its films among it."""
    out: str | None = None
    credentials: str | None = None
    beside: Beside | None = None
    """How the briefs are made, so that a run can look once more; `None` where they are final."""
    wait_seconds: float = 0
    """How long a run in this process waits for its video; those of a deployment wait as it says."""
    deployment: str = DEPLOYMENT
    _found: DeploymentResponse | None = None
    _was_looked_for: bool = False
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _in_place: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(IN_PLACE_AT_ONCE)
    )

    async def start(self, film: Film, subject: str, price_cny: Decimal) -> FilmReport:
        """Return the report of a brief that was handed over, or of what became of it here.

        `subject` is the identity of its portrait or clip, the price is the most that it may cost. What is
        wrong with the brief is raised, and so is `OverBudget`.
        """
        deployment = await self._look_up()
        key = film.key(self.service, subject)
        promise = await self._promise(key, price_cny)
        parameters: dict[str, Any] = {
            "out": self.out,
            "max_cny": None if promise is None else float(price_cny),
            "promise": promise,
            "credentials": self.credentials,
        }
        if deployment is None:
            return await self._film_here(film, parameters)
        if self.beside is not None:
            parameters["beside"] = self.beside.model_dump(mode="json")
        parameters = {name: value for name, value in parameters.items() if value is not None}
        run = await _create_run(deployment, film.brief, parameters, key)
        if promise is not None and run.parameters.get("promise") != promise:
            # Somebody else had handed it over, and pays for it.
            await asyncio.to_thread(self.ledger.promises.release, promise)
        return FilmReport(
            state=FilmState.HANDED_OVER,
            message=f"{passed_by(film.family.name)}; the run {run.name!r} films it",
            verdict=film.verdicts[-1],
            verdicts=film.verdicts,
        )

    async def _promise(self, key: str, price_cny: Decimal) -> int | None:
        """Hold the price of a film back before it has a run, so that no crash forgets it."""
        if self.budget is None:
            return None
        return await asyncio.to_thread(self.ledger.promises.make, self.budget, key, price_cny)

    async def _look_up(self) -> DeploymentResponse | None:
        async with self._one_at_a_time:
            if not self._was_looked_for:
                async with get_client() as client:
                    try:
                        self._found = await client.read_deployment_by_name(self.deployment)
                    except ObjectNotFound:
                        self._found = None
                self._was_looked_for = True
        return self._found

    async def _film_here(self, film: Film, parameters: dict[str, Any]) -> FilmReport:
        async with self._in_place:
            state: Any = await portrait_to_video(
                film.brief, wait_seconds=self.wait_seconds, **parameters, return_state=True
            )
        report = await state.aresult(raise_on_failure=False)
        if isinstance(report, BaseException):
            raise report
        assert isinstance(report, FilmReport)  # noqa: S101 - what the flow returns
        return report


async def _create_run(
    deployment: DeploymentResponse,
    brief: Brief,
    parameters: dict[str, Any],
    key: str,
) -> FlowRun:
    """Return the run of a key that is not over yet, or a new one.

    The ledger said that no job came of the runs before: they crashed, or were over a budget.
    """
    number = 0
    async with get_client() as client:
        while True:
            number += 1
            run = await client.create_flow_run_from_deployment(
                deployment.id,
                parameters={"brief": brief.model_dump(mode="json"), **parameters},
                idempotency_key=f"{key}-{number}",
                name=run_name(brief),
            )
            if run.state is None or not run.state.is_final():
                return run
