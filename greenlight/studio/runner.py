"""Run the accepted jobs: for each model one at a time, the rest waits in its queue."""

from __future__ import annotations

import asyncio
import logging

from greenlight.studio.answers import StudioError
from greenlight.studio.jobs import Job, Product
from greenlight.studio.production import produce
from greenlight.studio.workshop import Workshop

logger = logging.getLogger(__name__)


class Runner:
    """One worker for each model that has jobs; a worker ends when its queue is empty."""

    def __init__(self, studio: Workshop) -> None:
        self._studio = studio
        self._workers: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Go on with the jobs of before a restart."""
        for model in self._studio.jobs.models_with_work():
            self.wake(model)

    def wake(self, model: str) -> None:
        """See to it that a model's jobs are run."""
        worker = self._workers.get(model)
        if worker is None or worker.done():
            self._workers[model] = asyncio.create_task(self._work(model), name=f"studio {model}")

    async def stop(self) -> None:
        """Break off what runs; a later start takes it up again."""
        workers = list(self._workers.values())
        self._workers.clear()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, model: str) -> None:
        while (job := self._studio.jobs.next(model)) is not None:
            try:
                product = await self._perform(job)
            except StudioError as error:
                self._studio.jobs.fail(job, error.code, error.message)
            except Exception:
                logger.exception("Job %s failed by a fault of the studio itself.", job.task_id)
                self._studio.jobs.fail(job, "InternalError.Algo", "An internal error has occurred.")
            else:
                self._studio.jobs.succeed(job, product)

    async def _perform(self, job: Job) -> Product:
        """Make the video while the job's time passes; an error does not wait for its end."""
        if job.planned_failure is not None:
            await self._pass_through(job)
            raise StudioError(*job.planned_failure)
        passing = asyncio.create_task(self._pass_through(job))
        making = asyncio.create_task(produce(self._studio, job))
        try:
            product, _ = await asyncio.gather(making, passing)
        finally:
            for task in (making, passing):
                task.cancel()
            await asyncio.gather(making, passing, return_exceptions=True)
        return product

    async def _pass_through(self, job: Job) -> None:
        steps = self._studio.offer(job.model).steps
        for status in steps:
            self._studio.jobs.move(job.task_id, status)
            await asyncio.sleep(self._studio.settings.job_seconds / len(steps))
