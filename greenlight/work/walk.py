"""Walk a brief from its subject to its video in this process, one step after the other."""

from __future__ import annotations

from dataclasses import dataclass

from greenlight.errors import OverBudget
from greenlight.filming.collecting import collect
from greenlight.filming.orders import Order
from greenlight.ledger import Job, JobState
from greenlight.media.subjects import Subject
from greenlight.modelstudio.family import Verdict
from greenlight.modelstudio.question import Question
from greenlight.modelstudio.retry import patiently
from greenlight.screening.opinions import opinions_on
from greenlight.services import Services
from greenlight.work.beforehand import what_ends_it
from greenlight.work.case import Case
from greenlight.work.planning import Planner
from greenlight.work.reports import (
    FilmReport,
    report_job,
    report_refused_by_budget,
    report_rejection,
    report_template,
    report_waiting,
)
from greenlight.work.steps import Check, Film, MakeTemplate, Refused, Waiting, next_step


@dataclass(frozen=True, slots=True)
class Walk:
    """What a brief is checked and filmed with, and how long its jobs are waited for."""

    services: Services
    wait_seconds: float = 0

    async def film(self, case: Case) -> FilmReport:
        """Return what became of a brief whose files were found as the case says.

        A refusal, a spent budget and a failed video are reports; what is wrong with the brief is raised
        before anything is paid.
        """
        services = self.services
        planner = Planner(case=case, service=services.client.service, ledger=services.ledger)
        if ended := await what_ends_it(planner, services.run_budget):
            return ended
        try:
            return await self._film(case)
        except OverBudget as error:
            return report_refused_by_budget(error, list(case.verdicts.values()))

    async def check(self, subject: Subject, question: Question, *, fresh: bool = False) -> Verdict:
        """Return a family's verdict on a subject, tried again where that is safe."""
        screening = await patiently(
            lambda: self.services.screener.screen(
                subject,
                question.family,
                ratio=question.ratio,
                deployment=question.deployment,
                fresh=fresh,
            )
        )
        return screening.verdict

    async def _film(self, case: Case) -> FilmReport:
        while True:
            match next_step(case):
                case Refused(verdicts):
                    return await self._rejected(case.subject, verdicts)
                case Waiting(family, verdicts):
                    return report_waiting(family, verdicts)
                case Check(question):
                    verdict = await self.check(case.subject, question)
                    case.verdicts[question.family.name] = verdict
                case MakeTemplate(order, verdicts):
                    template, _ = await self._made(order, out=None)
                    if template.state is not JobState.SUCCEEDED:
                        return report_template(template, verdicts)
                    case.template_id = template.template_id
                case Film(order, verdicts):
                    job, was_sent = await self._made(order, out=case.out)
                    return report_job(job, verdicts, cached=not was_sent, notes=(order.note,))

    async def _rejected(self, subject: Subject, verdicts: list[Verdict]) -> FilmReport:
        opinions = await opinions_on(subject, verdicts, self.services.settings.home)
        return report_rejection(verdicts, opinions)

    async def _made(self, order: Order, out: str | None) -> tuple[Job, bool]:
        """Return an order's job after the wait, and whether this call sent its paying request."""
        filmer, client = self.services.filmer, self.services.client
        job, was_sent = await filmer.submit(
            order.new_job(client.service, flow_run=self.services.flow_run),
            lambda: order.request(client, self.services.settings.delivery),
            starts_per_second=order.model.starts_per_second,
        )
        return await collect(filmer, job, out, wait_seconds=self.wait_seconds), was_sent
