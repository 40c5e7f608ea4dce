"""Hold one run to what it may spend, its own checks and the films that it hands over together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags
from prefect.runtime import flow_run

from greenlight.errors import OverBudget
from greenlight.ledger import Ledger
from greenlight.wording import cny, yuan


@dataclass(slots=True)
class Allowance:
    """What a run may spend; what is taken is counted as spent, at the most that it can come to."""

    max_cny: Decimal | None = None
    taken_cny: Decimal = Decimal(0)

    @classmethod
    async def of_run(cls, max_cny: float | None, ledger: Ledger) -> Allowance:
        """Return what this run may still spend; one that crashed and begins again has spent some of it."""
        run_id = flow_run.id
        if max_cny is None or not run_id:
            return cls(None if max_cny is None else Decimal(str(max_cny)))
        spent_cny = await asyncio.to_thread(ledger.cost_of_run_cny, run_id)
        return cls(Decimal(str(max_cny)), spent_cny + await _promised_cny())

    def take(self, price_cny: Decimal) -> None:
        """Count one more price as spent, or raise `OverBudget` when it does not fit any more."""
        if self.max_cny is not None and self.taken_cny + price_cny > self.max_cny:
            raise OverBudget(
                f"budget exceeded for this run: {yuan(self.taken_cny)} of {cny(self.max_cny)} spent or "
                f"promised; this request may cost {yuan(price_cny)}"
            )
        self.taken_cny += price_cny


def tag_of_budget() -> str:
    """Return the tag of films that this run has handed over within its budget."""
    return f"budget:{flow_run.id}"


async def _promised_cny() -> Decimal:
    """Return what the films may come to that this run has handed over."""
    handed_over = FlowRunFilter(tags=FlowRunFilterTags(all_=[tag_of_budget()]))
    promised_cny, offset = Decimal(0), 0
    async with get_client() as client:
        while page := await client.read_flow_runs(flow_run_filter=handed_over, offset=offset):
            offset += len(page)
            promised_cny += sum(
                (Decimal(str(run.parameters["max_cny"])) for run in page), Decimal(0)
            )
    return promised_cny
