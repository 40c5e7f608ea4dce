"""Check a portrait with a family's detector, and pay for each answer only once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from greenlight.errors import EXPLAINED, InputError, Overwritten
from greenlight.holding import LEASE_SECONDS, LOOK_AGAIN_SECONDS, held
from greenlight.ledger import Claim, ClaimLost, Ledger
from greenlight.ledger.budgets import Budget
from greenlight.ledger.checks import NewCheck
from greenlight.ledger.unbooked import Outcome
from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.checks import read_check
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import ProtocolError
from greenlight.modelstudio.family import Family, Verdict
from greenlight.paying import Payer, Payment
from greenlight.portraits.delivery import Handed, deliver_for_check, is_unchanged
from greenlight.portraits.pictures import Portrait
from greenlight.portraits.preflight import preflight
from greenlight.settings import LEASE_SECONDS as ANSWER_SECONDS
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
    lease_seconds: float = ANSWER_SECONDS
    """How long a check that was sent is nobody else's, unless it is answered before."""

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
        lease_seconds = min(LEASE_SECONDS, self.lease_seconds)
        while True:
            if not fresh and (known := await self._known(new.key)):
                return known
            async with held(self.ledger, f"check {new.key}", seconds=lease_seconds) as claim:
                if claim is not None:
                    # Who had the name before may have booked the verdict since it was looked for.
                    known = None if fresh else await self._known(new.key)
                    with suppress(ClaimLost):
                        return known or await self._pay(portrait, family, new, claim)
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

    async def _pay(
        self, portrait: Portrait, family: Family, new: NewCheck, claim: Claim
    ) -> Screening:
        """Hand the portrait over, ask and pay, and see that the answer is one about this portrait."""
        handed = await deliver_for_check(
            portrait, self.studio, reader=new.model, delivery=self.delivery
        )
        check = _PaidCheck(self.studio, new, family, portrait, handed)
        try:
            verdict = await self._payer.pay(check, claim)
        except ProtocolError as error:
            # An answer on another picture may not fit this one; then that is what is to be told.
            if handed.can_change and (became := await _ask_again(portrait)):
                raise _not_used(became, new.price_cny) from error
            raise
        cost_cny = check.cost_cny(verdict)
        if handed.can_change:
            if became := await _ask_again(portrait):
                raise _not_used(became, cost_cny)
            await self._payer.book(check.confirmation(verdict))
        return Screening(verdict, cached=False, cost_cny=cost_cny)

    @property
    def _payer(self) -> Payer:
        return Payer(
            studio=self.studio,
            ledger=self.ledger,
            lease_seconds=self.lease_seconds,
            budgets=self.budgets,
        )


class _PaidCheck(Payment[Verdict]):
    """A portrait that is shown to a detector."""

    new: NewCheck

    def __init__(
        self,
        studio: ModelStudio,
        new: NewCheck,
        family: Family,
        portrait: Portrait,
        handed: Handed,
    ) -> None:
        self.new = new
        self.starts_per_second = family.check.starts_per_second
        self.request = studio.check_request(
            family,
            handed.url,
            ratio=new.ratio,
            deployment=None if new.model == family.check.id else new.model,
        )
        self._family, self._portrait = family, portrait
        self._is_usable = not handed.can_change
        self.number = 0

    def cost_cny(self, verdict: Verdict) -> Decimal:
        """Return what a verdict cost."""
        return self.new.price_cny if verdict.charged else FREE

    def read(self, answer: Answer) -> Verdict:
        """Return the vendor's verdict."""
        return read_check(
            answer, self._family, ratio=self.new.ratio, picture_size=self._portrait.size_px
        )

    def outcome(self, number: int, claim: Claim, value: Verdict) -> Outcome:
        """Return the verdict as it is booked; it counts at once where nothing else can have been seen."""
        self.number, cost_cny = number, self.cost_cny(value)
        facts = {
            "check_id": number,
            "token": claim.token,
            "verdict": value.model_dump(mode="json"),
            "cost_cny": str(cost_cny),
            "usable": self._is_usable,
        }
        return Outcome("check answered", facts, self._paid(value))

    def confirmation(self, verdict: Verdict) -> Outcome:
        """Return what is booked once the portrait was seen to be there still."""
        facts = {"check_id": self.number, "request_id": verdict.request_id}
        return Outcome("check confirmed", facts, self._paid(verdict))

    def _paid(self, verdict: Verdict) -> str:
        cost_cny = self.cost_cny(verdict)
        paid = f"a verdict on {self._portrait.shown} was paid ({cost_cny} CNY) and cannot be booked"
        return paid if cost_cny else ""

    def failure(self, number: int, claim: Claim, error: Exception) -> Outcome:
        """Return what the error can have cost."""
        may_have_cost = getattr(error, "may_have_cost", True)
        facts = {"check_id": number, "token": claim.token}
        if not may_have_cost:
            return Outcome("check not paid", facts)
        price = f"{self.new.price_cny} CNY"
        return Outcome(
            "check uncertain", facts, f"a check may have cost {price} and cannot be booked"
        )


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
