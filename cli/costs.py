"""`greenlight costs`: what was paid, by day, model and outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.options import Json, Since
from cli.speaking import draw, say, tell
from greenlight.wording import visible

if TYPE_CHECKING:
    from greenlight.ledger.costs import Cost


UNSETTLED = {"ambiguous", "open", "uncertain"}
"""Outcomes whose cost nobody knows yet."""


def costs(
    since: Since = None,
    as_json: Json = False,
) -> None:
    """Sum up what checks and videos have cost."""
    from greenlight.services import open_ledger
    from greenlight.settings import read_settings

    with open_ledger(read_settings()) as ledger:
        sums = ledger.costs.by_outcome(since=since)
    if as_json:
        for cost in sums:
            tell(_line(cost))
    elif sums:
        _print_table(sums)
    else:
        say("Nothing is in the books.")


def _line(cost: Cost) -> dict[str, object]:
    return {
        "day": cost.day.isoformat(),
        "service": cost.service,
        "model": cost.model,
        "outcome": cost.outcome,
        "count": cost.count,
        "cost_cny": float(cost.cost_cny),
    }


def _print_table(sums: list[Cost]) -> None:
    from rich.table import Column, Table

    # Cut off, the ids of one family's models would look alike.
    model = Column("model", overflow="fold")
    table = Table("day (UTC+8)", "service", model, "outcome", "count", "CNY")
    for cost in sums:
        table.add_row(
            cost.day.isoformat(),
            visible(cost.service),
            visible(cost.model),
            cost.outcome,
            str(cost.count),
            f"{cost.cost_cny:.3f}",
        )
    table.add_section()
    table.add_row("", "", "", "all", "", f"{sum(cost.cost_cny for cost in sums):.3f}")
    draw(table)
    unsettled = {cost.outcome for cost in sums} & UNSETTLED
    if unsettled:
        say(f"What is {' or '.join(sorted(unsettled))} counts with the most that it can cost.")
