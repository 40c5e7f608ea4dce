"""Draw what was paid as bars, one a day, and lay the same out as a table."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from greenlight.ledger.costs import Cost

MOST_DAYS: Final = 60
MOST_SERIES: Final = 8
"""There are as many colours in the style sheet; what costs least beyond them is summed up."""
OTHERS: Final = "other models"
WIDTH, HEIGHT = 720, 220
LEFT, BOTTOM, TOP = 64, 28, 12
"""Room around the bars for the figures."""
LABELS: Final = 6
ROUND: Final = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """What one model cost on one day; the numbers are the drawing's own."""

    series: int
    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A figure at one of the axes."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class DayRow:
    """What one day cost by model, in the order of the models."""

    day: date
    amounts_cny: Sequence[Decimal]
    total_cny: Decimal


@dataclass(frozen=True, slots=True)
class Plot:
    """The bars of the newest days, and the table that says the same."""

    models: Sequence[str]
    bars: Sequence[Bar]
    days: Sequence[Mark]
    amounts: Sequence[Mark]
    rows: Sequence[DayRow]
    """The newest day first, without those that cost nothing."""
    earlier_cny: Decimal
    """What the days before the plot's first cost together."""
    first: date
    last: date
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def plot_costs(costs: Iterable[Cost]) -> Plot | None:
    """Return the plot of the newest days' costs by model, `None` where nothing was paid."""
    paid = [cost for cost in costs if cost.cost_cny]
    if not paid:
        return None
    last = max(cost.day for cost in paid)
    first = max(min(cost.day for cost in paid), last - timedelta(days=MOST_DAYS - 1))
    shown = [cost for cost in paid if cost.day >= first]
    models = _models(shown)
    amounts = _by_day(shown, models)
    top_cny = _round_up(max(sum(by_model) for by_model in amounts.values()))
    return Plot(
        models=models,
        bars=_bars(amounts, models, first, last, top_cny),
        days=_day_marks(first, last),
        amounts=[
            Mark(_y(share * top_cny, top_cny), f"{share * top_cny:g}") for share in (0, 0.5, 1)
        ],
        rows=[
            DayRow(day, amounts[day], sum(amounts[day], Decimal(0)))
            for day in sorted(amounts)[::-1]
        ],
        earlier_cny=sum((cost.cost_cny for cost in paid if cost.day < first), Decimal(0)),
        first=first,
        last=last,
    )


def _models(costs: Sequence[Cost]) -> list[str]:
    """Return the models, what cost most first, as many as there are colours."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for cost in costs:
        sums[cost.model] += cost.cost_cny
    ordered = sorted(sums, key=lambda model: (-sums[model], model))
    if len(ordered) <= MOST_SERIES:
        return ordered
    return [*ordered[: MOST_SERIES - 1], OTHERS]


def _by_day(costs: Sequence[Cost], models: Sequence[str]) -> dict[date, list[Decimal]]:
    amounts: dict[date, list[Decimal]] = {}
    for cost in costs:
        by_model = amounts.setdefault(cost.day, [Decimal(0)] * len(models))
        by_model[models.index(cost.model if cost.model in models else OTHERS)] += cost.cost_cny
    return amounts


def _round_up(amount: Decimal | int) -> float:
    """Return the next round figure, one of `ROUND` with its zeros."""
    power = 10.0 ** math.floor(math.log10(amount))
    return next(step * power for step in ROUND if step * power >= float(amount) * 0.999)


def _bars(
    amounts: dict[date, list[Decimal]], models: Sequence[str], first: date, last: date, top: float
) -> list[Bar]:
    slot = _slot(first, last)
    width = min(slot * 0.8, 48.0)
    bars = []
    for day, by_model in sorted(amounts.items()):
        x = LEFT + slot * (day - first).days + (slot - width) / 2
        below = 0.0
        for series, amount in enumerate(by_model):
            if amount:
                y = _y(below + float(amount), top)
                height = _y(below, top) - y
                words = f"{day}, {models[series]}: {amount:.3f} CNY"
                bars.append(
                    Bar(series, round(x, 1), round(y, 1), round(width, 1), round(height, 1), words)
                )
                below += float(amount)
    return bars


def _day_marks(first: date, last: date) -> list[Mark]:
    """Return a few days, evenly spread, at the middles of their bars."""
    days = (last - first).days + 1
    slot = _slot(first, last)
    step = max(1, math.ceil(days / LABELS))
    return [
        Mark(round(LEFT + slot * (number + 0.5), 1), f"{first + timedelta(days=number):%m-%d}")
        for number in range(0, days, step)
    ]


def _slot(first: date, last: date) -> float:
    return (WIDTH - LEFT) / ((last - first).days + 1)


def _y(amount: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * amount / top, 2)
