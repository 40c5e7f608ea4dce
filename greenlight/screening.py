"""Check a portrait with a family's detector, and pay for each answer only once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from greenlight.ledger import BookedCheck, Ledger
from greenlight.ledger.checks import check_key
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import Throttled
from greenlight.modelstudio.family import Family, Verdict
from greenlight.pacing import slow_down, wait_for_start
from greenlight.portraits.delivery import deliver
from greenlight.portraits.pictures import Portrait
from greenlight.portraits.preflight import preflight
from greenlight.settings import Delivery

FREE = Decimal(0)
LEASE_SECONDS = 180.0
"""Longer than a check can take with its upload, so that only a dead holder's lease ends."""
LOOK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Screening:
    """A verdict and what it took to get it: nothing where it was cached."""

    verdict: Verdict
    cached: bool
    cost_cny: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Screener:
    """The service, the books and the way of delivery that portraits are screened with."""

    studio: ModelStudio
    ledger: Ledger
    delivery: Delivery = "presigned"
    flow_run: str = ""

    async def screen(
        self,
        portrait: Portrait,
        family: Family,
        *,
        ratio: str | None = None,
        deployment: str | None = None,
        fresh: bool = False,
    ) -> Screening:
        """Return the verdict on a portrait: by its header, from the books, or paid for.

        Of two callers that ask for the same check at once, in one process or several, one pays and the
        other waits for its verdict. `fresh` pays again on purpose. Errors are the vendor's, or an
        `InputError` when the portrait cannot be read.
        """
        refused = preflight(portrait, family)
        if refused is not None:
            return Screening(refused, cached=False, cost_cny=FREE)
        ratio = family.resolve_ratio(ratio)
        key = check_key(
            self.studio.service, deployment or family.check.id, ratio, portrait.identity
        )
        lease = None
        while lease is None:
            booked = None if fresh else await asyncio.to_thread(self.ledger.checks.find, key)
            if booked is not None:
                return Screening(booked.verdict, cached=True, cost_cny=FREE)
            lease = await asyncio.to_thread(self.ledger.leases.acquire, key, LEASE_SECONDS)
            if lease is None:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        try:
            # Who had the lease before may have booked the verdict since it was looked for.
            booked = None if fresh else await asyncio.to_thread(self.ledger.checks.find, key)
            if booked is not None:
                return Screening(booked.verdict, cached=True, cost_cny=FREE)
            return await self._pay(portrait, family, ratio, deployment)
        finally:
            await asyncio.to_thread(self.ledger.leases.release, key, lease)

    async def _pay(
        self, portrait: Portrait, family: Family, ratio: str | None, deployment: str | None
    ) -> Screening:
        model = deployment or family.check.id
        url = await deliver(portrait, self.studio, reader=model, delivery=self.delivery)
        await wait_for_start(self.ledger, self.studio, model, family.check.starts_per_second)
        try:
            verdict = await self.studio.check(
                family,
                url,
                ratio=ratio,
                picture_size=portrait.size_px,
                deployment=deployment,
            )
        except Throttled as error:
            await slow_down(self.ledger, self.studio, model, error)
            raise
        cost_cny = family.check.prices_cny["image"] if verdict.charged else FREE
        check = BookedCheck(
            service=self.studio.service,
            model=model,
            ratio=ratio,
            portrait=portrait.identity,
            place=portrait.shown,
            verdict=verdict,
            cost_cny=cost_cny,
            flow_run=self.flow_run,
        )
        await asyncio.to_thread(self.ledger.checks.book, check)
        return Screening(verdict, cached=False, cost_cny=cost_cny)
