"""Ask once more what is to be filmed, just before it is: what is beside a portrait may have changed."""

from __future__ import annotations

import asyncio

from greenlight.briefs.brief import Brief
from greenlight.media.subjects import KIND_OF
from greenlight.work.bundles.finding import bundle_of
from greenlight.work.bundles.steps import Check, Film, Read, Settled, next_step
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.reports import FilmReport


async def newest_brief(brief: Brief, surveyor: Surveyor) -> Brief | FilmReport:
    """Return the brief that a subject and what is beside it make now, or how it stands if it makes none.

    It stands so where its video is ordered already, whoever did it. Errors are those of reading.
    """
    bundle = await asyncio.to_thread(bundle_of, brief.subject)
    if bundle is None or not bundle.first(KIND_OF[brief.role]):
        return brief
    await surveyor.prepare()
    (bundle_state,) = await surveyor.survey([bundle])
    while True:
        match next_step(bundle_state):
            case Read() as step:
                await surveyor.read(bundle_state, step)
            case Film(brief=newest):
                return newest
            case Check():
                return bundle_state.brief
            case Settled(report):
                return report
