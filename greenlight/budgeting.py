"""Say which budgets a process is held to."""

from __future__ import annotations

from decimal import Decimal

from greenlight.ledger.budgets import Budget
from greenlight.settings import Settings


def budgets_of(
    settings: Settings, *, max_cny: float | None = None, run: str = ""
) -> tuple[Budget, ...]:
    """Return the day's budget, where one is set, and that of a run which may spend only so much."""
    budgets: tuple[Budget, ...] = ()
    if settings.max_cny_per_day is not None:
        budgets = (Budget(max_cny=settings.max_cny_per_day),)
    if max_cny is not None:
        budgets += (Budget(max_cny=Decimal(str(max_cny)), scope="run", run=run),)
    return budgets
