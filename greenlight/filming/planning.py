"""Work out what a brief would send and pay from here, without sending or paying anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from greenlight.briefs import Brief
from greenlight.drives import Drives
from greenlight.filming.orders import Order, VideoOrder, needs_template, order_template, order_video
from greenlight.filming.prices import SECONDS_OF_A_TEMPLATE, longest_cost_cny
from greenlight.ledger import Ledger
from greenlight.ledger.checks import check_key
from greenlight.modelstudio.family import Family, Role, Verdict
from greenlight.portraits.media import Motion, Sound
from greenlight.portraits.pictures import Portrait
from greenlight.portraits.preflight import preflight


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
        """Whether every model is known to refuse the portrait."""
        return self.request is None and not self.video_cny and not self.passed

    @property
    def passed(self) -> bool:
        """Whether a model is known to pass the portrait."""
        return bool(self.verdicts) and self.verdicts[-1].passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """A brief with its portrait and drives as they were found, and the books that know some of it."""

    brief: Brief
    portrait: Portrait
    drives: Drives
    service: str
    ledger: Ledger

    async def plan(self) -> Plan:
        """Return what would happen: what the books know costs nothing again."""
        made = Plan()
        for family in self.brief.families():
            verdict = await self._known_verdict(family)
            if verdict is None:
                made.checks_cny += family.check_price_cny
                made.request = made.request or self._check_request(family)
            else:
                made.verdicts.append(verdict)
            if verdict is None or verdict.passed:
                await self._add_video(made, family, verdict)
            if verdict is not None and verdict.passed:
                break
        return made

    async def _known_verdict(self, family: Family) -> Verdict | None:
        refused = preflight(self.portrait, family)
        if refused is not None:
            return refused
        if family.check is None:
            return family.unchecked()
        asked = self.brief.question(family)
        key = check_key(self.service, asked.model, asked.ratio, self.portrait.identity)
        booked = await asyncio.to_thread(self.ledger.checks.find, key)
        return None if booked is None else booked.verdict

    async def _add_video(self, made: Plan, family: Family, verdict: Verdict | None) -> None:
        """Add the video's price and, where its portrait has passed, its request."""
        drive = self.drives.of(family)
        if drive is None:
            return
        parameters = self.brief.resolve_parameters(family)
        per_second_cny = family.price_per_second_cny(parameters, self.brief.question(family).ratio)
        price_cny = longest_cost_cny(_longest_seconds(drive), per_second_cny)
        if verdict is not None:
            order = order_video(self.brief, family, self.portrait, verdict, drive, out=Path())
            if await self._is_ordered(order):
                return
            made.request = made.request or await self._video_request(order, family)
        price_cny += await self._template_price_cny(family, drive)
        made.video_cny = max(made.video_cny, price_cny)

    async def _is_ordered(self, order: Order) -> bool:
        job = await asyncio.to_thread(self.ledger.jobs.find, order.new_job(self.service).key)
        return job is not None and job.is_settled

    async def _template_price_cny(self, family: Family, drive: Sound | str) -> Decimal:
        if not isinstance(drive, Motion) or family.template is None:
            return Decimal(0)
        if await self._is_ordered(order_template(self.brief, family, drive)):
            return Decimal(0)
        return longest_cost_cny(drive.seconds, family.template.model.prices_cny[""])

    def _check_request(self, family: Family) -> dict[str, Any]:
        asked = self.brief.question(family)
        return _post(asked.check.model.path, asked.body(_shown_url(self.portrait)))

    async def _video_request(self, order: VideoOrder, family: Family) -> dict[str, Any]:
        template_id = order.template_id
        if needs_template(order):
            assert isinstance(order.drive, Motion)  # noqa: S101
            template = order_template(self.brief, family, order.drive)
            if not await self._is_ordered(template):
                request = family.template_request(_shown_url(order.drive), template.deployment)
                return _post(request.path, request.body())
            job = await asyncio.to_thread(self.ledger.jobs.find, template.new_job(self.service).key)
            template_id = (job and job.template_id) or f"(template of {order.drive.name})"
        drive = "" if isinstance(order.drive, str) else _shown_url(order.drive)
        request = family.video_request(
            {Role.PORTRAIT: _shown_url(order.portrait), family.driven_by: template_id or drive},
            order.verdict,
            order.parameters,
            deployment=order.deployment,
        )
        return _post(request.path, request.body())


def _longest_seconds(drive: Sound | str) -> float:
    return SECONDS_OF_A_TEMPLATE if isinstance(drive, str) else drive.seconds


def _shown_url(content: Portrait | Sound) -> str:
    """Name what would be fetched or uploaded, without a signature."""
    return content.shown if "://" in content.shown else f"oss://(upload of {content.name})"


def _post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"method": "POST", "path": path, "body": body}
