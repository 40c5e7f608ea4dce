"""Check a portrait with a family's detector, and pay for each answer only once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from greenlight.errors import EXPLAINED, InputError, Overwritten
from greenlight.holding import LEASE_SECONDS, LOOK_AGAIN_SECONDS, held
from greenlight.ledger import Ledger
from greenlight.ledger.budgets import Budget
from greenlight.ledger.checks import NewCheck
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import ModelStudioError, ProtocolError, Throttled
from greenlight.modelstudio.family import Family, Verdict
from greenlight.pacing import slow_down, wait_for_start
from greenlight.portraits.delivery import deliver_for_check, is_unchanged
from greenlight.portraits.pictures import Portrait
from greenlight.portraits.preflight import preflight
from greenlight.settings import Delivery

FREE = Decimal(0)


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
    """Who pays, as the books name it."""
    budgets: tuple[Budget, ...] = ()
    lease_seconds: float = LEASE_SECONDS

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
        other waits for its verdict. `fresh` pays again on purpose. Errors are the vendor's, an `InputError`
        when the portrait cannot be read, or `Overwritten` when it was replaced since it was examined: a check
        that was paid meanwhile is booked, and its verdict is never used.
        """
        refused = _refused_by_header(portrait, family)
        if refused is not None:
            return refused
        new = self._new_check(portrait, family, ratio, deployment)
        while True:
            if not fresh and (known := await self._known(new.key)):
                return known
            async with held(self.ledger, f"check {new.key}", seconds=self.lease_seconds) as mine:
                if mine:
                    # Who had the name before may have booked the verdict since it was looked for.
                    known = None if fresh else await self._known(new.key)
                    return known or await self._pay(portrait, family, new)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def find(
        self,
        portrait: Portrait,
        family: Family,
        *,
        ratio: str | None = None,
        deployment: str | None = None,
    ) -> Screening | None:
        """Return the verdict on a portrait by its header or from the books, and ask nobody for one."""
        refused = _refused_by_header(portrait, family)
        return refused or await self._known(
            self._new_check(portrait, family, ratio, deployment).key
        )

    def _new_check(
        self, portrait: Portrait, family: Family, ratio: str | None, deployment: str | None
    ) -> NewCheck:
        return NewCheck(
            service=self.studio.service,
            model=deployment or family.check.id,
            family=family.name,
            ratio=family.resolve_ratio(ratio),
            portrait=portrait.identity,
            place=portrait.shown,
            price_cny=family.check.prices_cny["image"],
            flow_run=self.flow_run,
        )

    async def _known(self, key: str) -> Screening | None:
        booked = await asyncio.to_thread(self.ledger.checks.find, key)
        return Screening(booked.verdict, cached=True, cost_cny=FREE) if booked else None

    async def _pay(self, portrait: Portrait, family: Family, new: NewCheck) -> Screening:
        """Book the check with its price, send it, and write down what became of it."""
        checks = self.ledger.checks
        handed = await deliver_for_check(
            portrait, self.studio, reader=new.model, delivery=self.delivery
        )
        await wait_for_start(self.ledger, self.studio, new.model, family.check.starts_per_second)
        number = await asyncio.to_thread(checks.begin, new, budgets=self.budgets)
        try:
            verdict = await self._send(number, new, portrait, family, handed.url)
        except ProtocolError as error:
            # An answer on another picture may not fit this one; then that is what is to be told.
            if handed.can_change and (became := await _ask_again(portrait)):
                raise _not_used(became, new.price_cny) from error
            raise
        cost_cny = new.price_cny if verdict.charged else FREE
        if handed.can_change and (became := await _ask_again(portrait)):
            await asyncio.to_thread(checks.stale, number, verdict, cost_cny=cost_cny)
            raise _not_used(became, cost_cny)
        await asyncio.to_thread(checks.answered, number, verdict, cost_cny=cost_cny)
        return Screening(verdict, cached=False, cost_cny=cost_cny)

    async def _send(
        self, number: int, new: NewCheck, portrait: Portrait, family: Family, url: str
    ) -> Verdict:
        """Return the vendor's verdict; after an error the books say what it can have cost."""
        checks = self.ledger.checks
        try:
            return await self.studio.check(
                family,
                url,
                ratio=new.ratio,
                picture_size=portrait.size_px,
                deployment=None if new.model == family.check.id else new.model,
            )
        except ModelStudioError as error:
            became = checks.uncertain if error.may_have_cost else checks.not_paid
            await asyncio.to_thread(became, number)
            if isinstance(error, Throttled):
                await slow_down(self.ledger, self.studio, new.model, error)
            raise


def _refused_by_header(portrait: Portrait, family: Family) -> Screening | None:
    refused = preflight(portrait, family)
    return Screening(refused, cached=False, cost_cny=FREE) if refused is not None else None


async def _ask_again(portrait: Portrait) -> InputError | None:
    """Return what became of a portrait during its check, or nothing if the vendor saw what was examined."""
    try:
        if await is_unchanged(portrait):
            return None
    except EXPLAINED as error:
        return InputError(
            f"after the check of {portrait.shown} nobody can say what was checked: {error}"
        )
    return Overwritten(f"{portrait.shown} was overwritten while it was checked")


def _not_used(became: InputError, cost_cny: Decimal) -> InputError:
    """Say of a check whose verdict is not used what it cost, and what to do."""
    cost = f" for {cost_cny.normalize():f} CNY" if cost_cny else ""
    message = f"{became}; its verdict{cost} is not used, so run it again"
    return type(became)(message, spent=bool(cost_cny))
