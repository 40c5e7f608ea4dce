"""Check a portrait with a family's detector, and pay for each answer only once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from greenlight.errors import Explained, InputError, Overwritten, sentence
from greenlight.ledger import Claim, Ledger
from greenlight.ledger.budgets import Budget
from greenlight.ledger.checks import NewCheck
from greenlight.ledger.unbooked import Outcome
from greenlight.media.delivery import Handed, deliver_for_check, is_unchanged
from greenlight.media.portraits import Portrait
from greenlight.media.subjects import Subject
from greenlight.modelstudio.checks import read_check
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import ProtocolError
from greenlight.modelstudio.family import Family, Verdict
from greenlight.modelstudio.question import Question
from greenlight.paying.holding import once
from greenlight.paying.payer import Payer, Payment
from greenlight.screening.preflight import known_at_once
from greenlight.settings import LEASE_SECONDS, Delivery
from greenlight.wording import cny

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

    client: ModelStudio
    ledger: Ledger
    delivery: Delivery = "presigned"
    flow_run: str = ""
    """Who pays, as the books name it."""
    budgets: tuple[Budget, ...] = ()
    lease_seconds: float = LEASE_SECONDS
    """How long a check that was sent is nobody else's, unless it is answered before."""

    async def screen(
        self,
        subject: Subject,
        family: Family,
        *,
        ratio: str | None = None,
        deployment: str | None = None,
        fresh: bool = False,
    ) -> Screening:
        """Return the verdict on a portrait or clip: by its header, from the books, or paid for.

        Of two callers that ask for the same check at once, in one process or several, one pays and the
        other waits for its verdict. `fresh` pays again on purpose. Errors are the vendor's, an `InputError`
        when the portrait cannot be read, or `Overwritten` when it was replaced since it was examined: a check
        that was paid meanwhile is booked, and its verdict is never used.
        """
        question = Question.of(family, ratio=ratio, deployment=deployment)
        at_once = _known_at_once(subject, family)
        if at_once is not None:
            return at_once
        portrait = _expect_portrait(subject)
        new = self._new_check(portrait, question)

        async def known() -> Screening | None:
            return None if fresh else await self._known(new.key)

        async def act(claim: Claim) -> Screening:
            return await known() or await self._pay(portrait, question, new, claim)

        return await once(self.ledger, f"check {new.key}", known, act, seconds=self.lease_seconds)

    async def find(
        self,
        subject: Subject,
        family: Family,
        *,
        ratio: str | None = None,
        deployment: str | None = None,
    ) -> Screening | None:
        """Return the verdict on a subject by its header or from the books, and ask nobody for one."""
        question = Question.of(family, ratio=ratio, deployment=deployment)
        at_once = _known_at_once(subject, family)
        if at_once is not None:
            return at_once
        return await self._known(self._new_check(_expect_portrait(subject), question).key)

    def _new_check(self, portrait: Portrait, question: Question) -> NewCheck:
        return NewCheck(
            service=self.client.service,
            model=question.model,
            family=question.family.name,
            ratio=question.ratio,
            portrait=portrait.identity,
            place=portrait.shown,
            price_cny=question.family.check_price_cny,
            flow_run=self.flow_run,
        )

    async def _known(self, key: str) -> Screening | None:
        booked = await asyncio.to_thread(self.ledger.checks.find, key)
        return Screening(booked.verdict, cached=True, cost_cny=FREE) if booked else None

    async def _pay(
        self, portrait: Portrait, question: Question, new: NewCheck, claim: Claim
    ) -> Screening:
        """Hand the portrait over, ask and pay, and see that the answer is one about this portrait."""
        handed = await deliver_for_check(
            portrait, self.client, reader=new.model, delivery=self.delivery
        )
        check = self._payment(portrait, question, new, handed)
        try:
            number, verdict = await self._payer.pay(check, claim)
        except ProtocolError as error:
            # An answer on another picture may not fit this one; then that is what is to be told.
            if handed.can_change and (became := await _ask_again(portrait)):
                raise _not_used(became, new.price_cny) from error
            raise
        cost_cny = _cost_cny(new, verdict)
        if handed.can_change:
            if became := await _ask_again(portrait):
                raise _not_used(became, cost_cny)
            seen = {"check_id": number, "request_id": verdict.request_id}
            await self._payer.book(Outcome("check confirmed", seen, _paid(new, verdict)))
        return Screening(verdict, cached=False, cost_cny=cost_cny)

    def _payment(
        self, portrait: Portrait, question: Question, new: NewCheck, handed: Handed
    ) -> Payment[Verdict]:
        """Return how a portrait is shown to a detector, and what is booked for what it says."""

        def answered(verdict: Verdict) -> Outcome:
            facts = {
                "verdict": verdict.model_dump(mode="json"),
                "cost_cny": str(_cost_cny(new, verdict)),
                # It counts at once where nothing else can have been seen.
                "usable": not handed.can_change,
            }
            return Outcome("check answered", facts, _paid(new, verdict))

        def failed(error: Exception) -> Outcome:
            if not getattr(error, "may_have_cost", True):
                return Outcome("check not paid")
            told = f"a check may have cost {new.price_cny} CNY and cannot be booked"
            return Outcome("check uncertain", {}, told)

        return Payment(
            new=new,
            request=self.client.check_request(question, handed.url),
            starts_per_second=question.check.model.starts_per_second,
            read=partial(read_check, question=question, picture_size=portrait.size_px),
            answered=answered,
            failed=failed,
        )

    @property
    def _payer(self) -> Payer:
        return Payer(
            client=self.client,
            ledger=self.ledger,
            lease_seconds=self.lease_seconds,
            budgets=self.budgets,
        )


def _cost_cny(new: NewCheck, verdict: Verdict) -> Decimal:
    return new.price_cny if verdict.charged else FREE


def _paid(new: NewCheck, verdict: Verdict) -> str:
    paid = f"a verdict on {new.place} was paid ({new.price_cny} CNY) and cannot be booked"
    return paid if verdict.charged else ""


def _expect_portrait(subject: Subject) -> Portrait:
    """Return the portrait that a detector may see; it is never shown a clip."""
    if not isinstance(subject, Portrait):
        raise TypeError(f"{subject.name} is no portrait, and detectors look at portraits")
    return subject


def _known_at_once(subject: Subject, family: Family) -> Screening | None:
    verdict = known_at_once(subject, family)
    return Screening(verdict, cached=False, cost_cny=FREE) if verdict is not None else None


async def _ask_again(portrait: Portrait) -> InputError | None:
    """Return what became of a portrait during its check, or nothing if the vendor saw what was examined."""
    try:
        if await is_unchanged(portrait):
            return None
    except Explained as error:
        return InputError(
            f"may have changed during its check, and now {error.what}",
            error.advice,
            subject=portrait.shown,
        )
    return Overwritten("changed during its check", subject=portrait.shown)


def _not_used(became: InputError, cost_cny: Decimal) -> InputError:
    """Say of a check whose verdict is not used what it cost, and what to do."""
    cost = f" for {cny(cost_cny)}" if cost_cny else ""
    advice = sentence((became.advice, f"its verdict{cost} is not used, so run it again"))
    return type(became)(became.what, advice, subject=became.subject, spent=bool(cost_cny))
