"""Find out before anything is paid what would end a brief later."""

from __future__ import annotations

import asyncio

from greenlight.errors import InputError, OverBudget
from greenlight.ledger import Budget
from greenlight.videos.taken import require_free, require_writable
from greenlight.work.planning import Plan, Planner
from greenlight.work.reports import FilmReport, report_over_budget


async def what_ends_it(planner: Planner, budget: Budget | None) -> FilmReport | None:
    """Return the report of a brief that could cost more than its run may; `None` if it may begin.

    Raises an `InputError` or a `StorageError` if its video could not be stored where it is to go.
    """
    brief, out = planner.case.brief, planner.case.out
    if brief.sound or brief.motion:
        await asyncio.to_thread(require_writable, out)
    taken = await asyncio.to_thread(_taken, out)
    if taken is None and budget is None:
        return None
    plan = await planner.plan()
    # What is paid already may lie there itself; if another does, storing or copying says so.
    if taken is not None and plan.price_cny:
        raise taken
    return None if budget is None else await _over_budget(planner, budget, plan)


async def _over_budget(planner: Planner, budget: Budget, plan: Plan) -> FilmReport | None:
    promises = planner.ledger.promises
    try:
        await asyncio.to_thread(promises.require_room, budget, plan.price_cny, "this brief")
    except OverBudget as error:
        return report_over_budget(error, plan)
    return None


def _taken(out: str) -> InputError | None:
    try:
        require_free(out)
    except InputError as error:
        return error
    return None
