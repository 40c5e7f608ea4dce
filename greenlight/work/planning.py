"""Work out what a brief would send and pay from here, without sending or paying anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from greenlight.briefs.brief import Brief
from greenlight.filming.orders import Order, order_template, seconds_of
from greenlight.filming.prices import SECONDS_OF_A_TEMPLATE, longest_cost_cny
from greenlight.ledger import Job, Ledger
from greenlight.ledger.checks import question_key
from greenlight.media.recordings import Motion, Sound
from greenlight.media.subjects import Subject
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family, Verdict
from greenlight.modelstudio.question import Question
from greenlight.screening.preflight import known_at_once
from greenlight.work.case import Case
from greenlight.work.drives import Drives
from greenlight.work.steps import Check, Film, MakeTemplate, Refused, Waiting, next_step


@dataclass(slots=True)
class Plan:
    """What would happen: the verdicts known, the next paying request, and the most that it can cost."""

    verdicts: list[Verdict] = field(default_factory=list)
    request: dict[str, Any] | None = None
    """Method, path below the base address and JSON body; what is uploaded then is named in its place."""
    checks_cny: Decimal = Decimal(0)
    video_cny: Decimal = Decimal(0)

    @property
    def price_cny(self) -> Decimal:
        """Return the most that the brief can come to."""
        return self.checks_cny + self.video_cny

    @property
    def is_refused(self) -> bool:
        """Whether every model is known to refuse the subject."""
        return self.request is None and not self.video_cny and not self.passed

    @property
    def passed(self) -> bool:
        """Whether a model is known to pass the subject."""
        return bool(self.verdicts) and self.verdicts[-1].passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """A brief with its subject and drives as they were found, and the ledger that knows some of it."""

    brief: Brief
    subject: Subject
    drives: Drives
    service: str
    ledger: Ledger

    async def plan(self) -> Plan:
        """Return what would happen: what the ledger knows costs nothing again."""
        made = Plan()
        case = Case(self.brief, self.subject, self.drives)
        while not isinstance(step := next_step(case), Refused | Waiting):
            if isinstance(step, Check):
                family = step.question.family
                if (verdict := await self._known_verdict(step.question)) is not None:
                    case.verdicts[family.name] = verdict
                    continue
                # It may pass, and it may be refused; then the next family is asked.
                await self._add_check(made, step)
                case = case.without(family)
                continue
            if await self._find(step.film if isinstance(step, MakeTemplate) else step.order):
                break
            if isinstance(step, MakeTemplate) and (job := await self._find(step.order)):
                case.template_id = job.template_id or f"(template of {step.order.drive.name})"
                continue
            made.request = made.request or _request_of(step)
            await self._add_film(made, catalog.family(step.order.family))
            break
        made.verdicts = step.verdicts
        return made

    async def _known_verdict(self, question: Question) -> Verdict | None:
        at_once = known_at_once(self.subject, question.family)
        if at_once is not None:
            return at_once
        key = question_key(self.service, question, self.subject.identity)
        booked = await asyncio.to_thread(self.ledger.checks.find, key)
        return None if booked is None else booked.verdict

    async def _find(self, order: Order) -> Job | None:
        """Return the job of an order, if there is nothing more to send for it."""
        job = await asyncio.to_thread(self.ledger.jobs.find, order.new_job(self.service).key)
        return job if job is not None and job.is_settled else None

    async def _add_check(self, made: Plan, step: Check) -> None:
        question = step.question
        made.checks_cny += question.family.check_price_cny
        body = question.body(_shown_url(self.subject))
        made.request = made.request or _post(question.check.model.path, body)
        await self._add_film(made, question.family)

    async def _add_film(self, made: Plan, family: Family) -> None:
        """Add the most that a family's video can come to, with its template where there is none yet."""
        drive = self.drives.of(family)
        if drive is None:
            return
        parameters = self.brief.resolve_parameters(family)
        per_second_cny = family.price_per_second_cny(parameters, self.brief.question(family).ratio)
        seconds = seconds_of(family, parameters, self.subject, drive) or SECONDS_OF_A_TEMPLATE
        price_cny = longest_cost_cny(seconds, per_second_cny)
        price_cny += await self._template_cny(family, drive)
        made.video_cny = max(made.video_cny, price_cny)

    async def _template_cny(self, family: Family, drive: Sound | str) -> Decimal:
        if not isinstance(drive, Motion) or family.template is None:
            return Decimal(0)
        if await self._find(order_template(self.brief, family, drive)):
            return Decimal(0)
        return longest_cost_cny(drive.seconds, family.template.model.prices_cny[""])


def _request_of(step: MakeTemplate | Film) -> dict[str, Any]:
    """Return the paying request of a step, with what would be uploaded named in its place."""
    if isinstance(step, MakeTemplate):
        request = step.order.request_of(_shown_url(step.order.drive))
    else:
        delivered = step.order.delivered.items()
        request = step.order.request_of({role: _shown_url(content) for role, content in delivered})
    return _post(request.path, request.body())


def _shown_url(content: Subject | Sound) -> str:
    """Name what would be fetched or uploaded, without a signature."""
    return content.shown if "://" in content.shown else f"oss://(upload of {content.name})"


def _post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"method": "POST", "path": path, "body": body}
