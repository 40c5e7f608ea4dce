"""Find out before anything is paid what would end a brief later."""

from __future__ import annotations

import asyncio

from greenlight.errors import InputError, OverBudget
from greenlight.ledger import Budget
from greenlight.videos.taken import require_free, require_writable
from greenlight.work.planning import Planner
from greenlight.work.reports import FilmReport, report_over_budget


async def what_ends_it(planner: Planner, out: str, budget: Budget | None) -> FilmReport | None:
    """Return the report of a brief that could cost more than its run may; `None` if it may begin.

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
    if budget is None:
        return None
    plan, promises = await planner.plan(), planner.ledger.promises
    try:
        await asyncio.to_thread(promises.require_room, budget, plan.price_cny, "this brief")
    except OverBudget as error:
        return report_over_budget(error, plan)
    return None
