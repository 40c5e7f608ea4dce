"""Ask once more what is to be filmed, just before it is: what lies beside a portrait may have changed."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict

from flows.parameters import Defaults, Needs
from greenlight.briefs.brief import Brief
from greenlight.ledger import Ledger
from greenlight.media.subjects import KIND_OF
from greenlight.work.bundles import BriefDefaults, bundle_of
from greenlight.work.bundles.briefing import NEEDS
from greenlight.work.bundles.steps import Check, Film, Read, Settled, next_step
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.reports import FilmReport


class Beside(BaseModel):
    """How an upload or a sweep makes a brief of what lies beside a portrait."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    defaults: Defaults = BriefDefaults()
    needs: Needs = NEEDS


async def newest_brief(
    brief: Brief, beside: Beside, *, ledger: Ledger, service: str
) -> Brief | FilmReport:
    """Return the brief that a subject and what lies beside it make now, or how it stands if it makes none.

    It stands so where its video is ordered already, whoever did it. Errors are those of reading.
    """
    bundle = await asyncio.to_thread(bundle_of, brief.subject)
    if bundle is None or not bundle.first(KIND_OF[brief.role]):
        return brief
    surveyor = Surveyor(
        ledger=ledger, service=service, defaults=beside.defaults, needs=beside.needs
    )
    await surveyor.prepare()
    (sight,) = await surveyor.survey([bundle])
    while True:
        match next_step(sight):
            case Read() as step:
                await surveyor.read(sight, step)
            case Film(brief=newest):
                return newest
            case Check():
                return sight.brief
            case Settled(report):
                return report
