"""Find out before anything is paid what would end a brief later."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from greenlight.errors import InputError
from greenlight.videos.taken import require_free, require_writable
from greenlight.work.planning import Planner
from greenlight.work.reports import FilmReport, report_over_budget


async def what_ends_it(planner: Planner, max_cny: float | None) -> FilmReport | None:
    """Return the report of a brief that could cost more than `max_cny`; `None` if it may begin.

    Raises an `InputError` or a `StorageError` if its video could not be stored where it is to go.
    """
    brief, out = planner.case.brief, planner.case.out
    if brief.sound or brief.motion:
        await asyncio.to_thread(require_writable, out)
    taken = await asyncio.to_thread(_taken, out)
    if taken is None and max_cny is None:
        return None
    plan = await planner.plan()
    # What is paid already may lie there itself; if another does, storing or copying says so.
    if taken is not None and plan.price_cny:
        raise taken
    if max_cny is None or plan.price_cny <= Decimal(str(max_cny)):
        return None
    return report_over_budget(plan, Decimal(str(max_cny)))


def _taken(out: str) -> InputError | None:
    try:
        require_free(out)
    except InputError as error:
        return error
    return None
