"""Book paid checks and find them again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

from sqlalchemy import func, insert, select

from greenlight.ledger import schema
from greenlight.ledger.database import Database, now
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Verdict


def join_key(*parts: str) -> str:
    """Join the parts of a key so that it can be taken apart, and serves as a file name too."""
    return ",".join(quote(part, safe="") for part in parts)


def check_key(service: str, model: str, ratio: str | None, portrait: str) -> str:
    """Return what identifies a check: service, model or deployment, ratio, and the portrait's identity."""
    return join_key(service, model, ratio or "", portrait)


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
    paid_at: datetime | None = None
    flow_run: str = ""

    @property
    def key(self) -> str:
        """Return the check's key."""
        return check_key(self.service, self.model, self.ratio, self.portrait)


class PaidChecks:
    """The checks that were paid for; the newest verdict of a key is the one that counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> BookedCheck | None:
        """Return the newest paid check of a key."""
        table = schema.checks
        query = select(table).where(table.c.key == key).order_by(table.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        verdict = catalog.family(row.family).verdict.model_validate_json(row.verdict)
        return BookedCheck(
            service=row.service,
            model=row.model,
            ratio=row.ratio or None,
            portrait=row.portrait,
            place=row.place,
            verdict=verdict,
            cost_cny=row.cost_cny,
            paid_at=row.paid_at,
            flow_run=row.flow_run,
        )

    def book(self, check: BookedCheck) -> None:
        """Write a paid check into the books."""
        values = {
            "key": check.key,
            "service": check.service,
            "model": check.model,
            "family": check.verdict.model,
            "ratio": check.ratio or "",
            "portrait": check.portrait,
            "place": check.place,
            "passed": check.verdict.passed,
            "verdict": check.verdict.model_dump_json(),
            "request_id": check.verdict.request_id,
            "cost_cny": check.cost_cny,
            "paid_at": check.paid_at or now(),
            "flow_run": check.flow_run,
        }
        with self._database.writing() as connection:
            connection.execute(insert(schema.checks).values(values))

    def cost_of_run_cny(self, flow_run: str) -> Decimal:
        """Return what the checks of one flow run cost."""
        total = func.sum(schema.checks.c.cost_cny)
        with self._database.reading() as connection:
            return connection.execute(
                select(total).where(schema.checks.c.flow_run == flow_run)
            ).scalar_one() or Decimal(0)
