"""Book checks before they are paid, and find their verdicts again.

    sent ──> answered            the verdict, and what it cost
      ├────> stale               the verdict on what lay there no longer: paid, and never found again
      ├────> uncertain           the answer was lost: it may have cost its price
      └────> (no longer booked)  the vendor answered with an error: it cost nothing

A row that a dead holder left as sent counts as uncertain.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, ClassVar
from urllib.parse import quote

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    insert,
    select,
    true,
    update,
)

from greenlight.ledger.budgets import ANSWERED
from greenlight.ledger.database import Database
from greenlight.ledger.leases import Claim
from greenlight.ledger.schema import checks
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Verdict
from greenlight.modelstudio.question import Question

KEYS_AT_ONCE = 5_000
"""Databases take a limited number of values with one query."""


def join_key(*parts: str) -> str:
    """Join the parts of a key so that it can be taken apart, and serves as a file name too."""
    return ",".join(quote(part, safe="") for part in parts)


def check_key(service: str, model: str, ratio: str | None, portrait: str) -> str:
    """Return what identifies a check: service, model or deployment, ratio, and the portrait's identity."""
    return join_key(service, model, ratio or "", portrait)


def question_key(service: str, question: Question, portrait: str) -> str:
    """Return the key of the check that a question about a portrait is."""
    return check_key(service, question.model, question.ratio, portrait)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCheck:
    """A check that is about to be sent: what is asked, and its price."""

    number_name: ClassVar = "check_id"

    service: str
    model: str
    family: str
    ratio: str | None
    portrait: str
    place: str
    price_cny: Decimal
    flow_run: str = ""

    @property
    def key(self) -> str:
        """Return the check's key."""
        return check_key(self.service, self.model, self.ratio, self.portrait)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedCheck:
    """A paid check: what was asked, the verdict, and what it cost."""

    service: str
    model: str
    ratio: str | None
    portrait: str
    place: str
    verdict: Verdict
    cost_cny: Decimal
    paid_at: datetime
    flow_run: str


class PaidChecks:
    """The checks that were paid for; the newest verdict of a key is the one that counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> BookedCheck | None:
        """Return the newest answered check of a key."""
        return self.find_many([key]).get(key)

    def find_many(self, keys: Iterable[str]) -> dict[str, BookedCheck]:
        """Return the newest answered check of every key that has one."""
        remaining = iter(keys)
        found: dict[str, BookedCheck] = {}
        with self._database.reading() as connection:
            while batch := list(islice(remaining, KEYS_AT_ONCE)):
                newest = (
                    select(func.max(checks.c.id))
                    .where(checks.c.key.in_(batch), checks.c.outcome == "answered")
                    .group_by(checks.c.key)
                )
                rows = connection.execute(select(checks).where(checks.c.id.in_(newest)))
                found |= {row.key: _read(row) for row in rows}
        return found

    def find_passed(
        self, service: str, family: str, ratio: str | None, portrait: str
    ) -> BookedCheck | None:
        """Return the newest check that let a portrait pass for a family, at whichever deployment."""
        query = (
            select(checks)
            .where(
                checks.c.service == service,
                checks.c.family == family,
                checks.c.ratio == (ratio or ""),
                checks.c.portrait == portrait,
                checks.c.outcome == "answered",
                checks.c.passed,
            )
            .order_by(checks.c.id.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return _read(row) if row else None

    def answered(
        self,
        check_id: int,
        *,
        verdict: Mapping[str, Any],
        cost_cny: str,
        usable: bool = True,
        token: str | None = None,
    ) -> None:
        """Write down the verdict (as JSON) and what it cost; a late answer ends the doubt too.

        `token` is that of the claim that it was sent under: a number of the books may be given again.

        One that is not `usable` is stale: it may be one on another content than was asked about. It counts
        once it is confirmed. A check that another process took over meanwhile keeps both rows.
        """
        told = {
            "outcome": "answered" if usable else "stale",
            "passed": verdict["passed"],
            "verdict": json.dumps(verdict, ensure_ascii=False),
            "request_id": verdict["request_id"],
            "cost_cny": Decimal(cost_cny),
        }
        with self._database.writing() as connection:
            connection.execute(update(checks).where(_is_unanswered(check_id, token)).values(told))

    def confirm(self, check_id: int, *, request_id: str) -> None:
        """Let a verdict count, because its content was still there after the answer."""
        with self._database.writing() as connection:
            connection.execute(
                update(checks)
                .where(
                    checks.c.id == check_id,
                    checks.c.outcome == "stale",
                    checks.c.request_id == request_id,
                )
                .values(outcome="answered")
            )

    def uncertain(self, check_id: int, *, token: str | None = None) -> None:
        """Write down that the answer was lost: the check may have cost its price."""
        with self._database.writing() as connection:
            connection.execute(
                update(checks)
                .where(_is_unanswered(check_id, token), checks.c.outcome == "sent")
                .values(outcome="uncertain")
            )

    def not_paid(self, check_id: int, *, token: str | None = None) -> None:
        """Take a check out of the books that the vendor answered with an error: it cost nothing."""
        with self._database.writing() as connection:
            connection.execute(delete(checks).where(_is_unanswered(check_id, token)))

    def cost_of_run_cny(self, flow_run: str) -> Decimal:
        """Return what the checks of one flow run cost; those in doubt count with their price."""
        query = select(func.sum(checks.c.cost_cny)).where(checks.c.flow_run == flow_run)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one() or Decimal(0)


def _is_unanswered(check_id: int, token: str | None) -> ColumnElement[bool]:
    """Return the condition that a check has no answer, and is the one that was sent under a claim."""
    is_the_same = true() if token is None else checks.c.request_id == token
    return and_(checks.c.id == check_id, checks.c.outcome.not_in(ANSWERED), is_the_same)


def book_sent(connection: Connection, new: NewCheck, claim: Claim, at: datetime) -> int:
    """Write down that a check is sent now, with its price; return its number in the books.

    The caller holds the lease of its key: what an earlier one left as sent is uncertain for good.
    """
    is_left = and_(checks.c.key == new.key, checks.c.outcome == "sent")
    connection.execute(update(checks).where(is_left).values(outcome="uncertain"))
    row = asdict(new)
    row |= {
        "key": new.key,
        "ratio": new.ratio or "",
        "outcome": "sent",
        # Until the vendor has given it one of its own.
        "request_id": claim.token,
        "cost_cny": row.pop("price_cny"),
        "paid_at": at,
    }
    booked = connection.execute(insert(checks).values(row).returning(checks.c.id))
    return int(booked.scalar_one())


def _read(row: Row[Any]) -> BookedCheck:
    return BookedCheck(
        service=row.service,
        model=row.model,
        ratio=row.ratio or None,
        portrait=row.portrait,
        place=row.place,
        verdict=catalog.family(row.family).verdict.model_validate_json(row.verdict),
        cost_cny=row.cost_cny,
        paid_at=row.paid_at,
        flow_run=row.flow_run,
    )
