"""Find out before anything is paid what would end a brief later."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from greenlight.errors import InputError
from greenlight.videos.taken import require_free, require_writable
from greenlight.work.planning import Planner
from greenlight.work.reports import FilmReport, report_over_budget


async def what_ends_it(planner: Planner, out: str, max_cny: float | None) -> FilmReport | None:
    """Return the report of a brief that could cost more than `max_cny`; `None` if it may begin.

    Raises an `InputError` or a `StorageError` if its video could not be stored in `out`.
    """
    if planner.brief.sound or planner.brief.motion:
        await asyncio.to_thread(require_writable, out)
    try:
        await asyncio.to_thread(require_free, out)
    except InputError:
        # What is paid already may lie there itself; if another does, storing or copying says so.
        if (await planner.plan()).price_cny:
            raise
    if max_cny is None:
        return None
    allowed_cny, plan = Decimal(str(max_cny)), await planner.plan()
    return report_over_budget(plan, allowed_cny) if plan.price_cny > allowed_cny else None
