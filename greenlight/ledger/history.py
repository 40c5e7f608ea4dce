"""Look back over the books: the newest verdicts page by page, how often each was given, and the jobs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    distinct,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import String

from greenlight.ledger.database import Database
from greenlight.ledger.job import (
    NOT_PAID,
    Job,
    JobState,
    is_left_in_doubt,
    read_job,
    was_not_accepted,
)
from greenlight.ledger.schema import checks, jobs
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Verdict
from greenlight.modelstudio.times import CHINA

ENDED = (JobState.SUCCEEDED, JobState.EXPIRED, *NOT_PAID)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCheck:
    """A paid check that was answered; `number` says its place in the books."""

    number: int
    service: str
    model: str
    portrait: str
    place: str
    verdict: Verdict
    cost_cny: Decimal
    paid_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCount:
    """How often the check of a family gave the same answer; code and reason are "" where none is given."""

    family: str
    passed: bool
    code: str
    reason: str
    count: int


class _FieldOfVerdict(FunctionElement[str]):
    """A field of a verdict's JSON, as text."""

    type = String()
    inherit_cache = True


@compiles(_FieldOfVerdict, "sqlite")
def _field_in_sqlite(element: _FieldOfVerdict, compiler: Any, **options: Any) -> str:
    verdict, name = (compiler.process(one, **options) for one in element.clauses)
    return f"json_extract({verdict}, '$.' || {name})"


@compiles(_FieldOfVerdict, "postgresql")
def _field_in_postgresql(element: _FieldOfVerdict, compiler: Any, **options: Any) -> str:
    verdict, name = (compiler.process(one, **options) for one in element.clauses)
    return f"(CAST({verdict} AS json) ->> {name})"


class History:
    """What was asked and made; a check that was paid again counts once, by its newest verdict.

    `since` is a day of UTC+8, that of the call or the reservation.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def checks(
        self, *, since: date | None = None, before: int | None = None, limit: int = 500
    ) -> list[PastCheck]:
        """Return the answered checks, the newest first; the next page is `before` the last number."""
        query = _checks_since(since).limit(limit)
        if before is not None:
            query = query.where(checks.c.id < before)
        with self._database.reading() as connection:
            return [_read(row) for row in connection.execute(query)]

    def checks_of(
        self, portraits: Collection[str], *, since: date | None = None
    ) -> list[PastCheck]:
        """Return all answered checks of a page's portraits, by their identities, the newest first."""
        query = _checks_since(since).where(checks.c.portrait.in_(portraits))
        with self._database.reading() as connection:
            return [_read(row) for row in connection.execute(query)]

    def verdicts(self, *, since: date | None = None) -> list[VerdictCount]:
        """Return how often each answer was given, the most frequent first."""
        answer = (
            checks.c.family,
            checks.c.passed,
            _FieldOfVerdict(checks.c.verdict, literal("code")).label("code"),
            _FieldOfVerdict(checks.c.verdict, literal("reason")).label("reason"),
        )
        asked = select(*answer).where(_counts(), _is_since(checks.c.paid_at, since)).subquery()
        often = func.count().label("count")
        query = select(*asked.c, often).group_by(*asked.c).order_by(often.desc(), *asked.c)
        with self._database.reading() as connection:
            return [VerdictCount(**row._asdict()) for row in connection.execute(query)]

    def subjects(self, *, since: date | None = None, unchecked: Collection[str] = ()) -> int:
        """Return how many portraits have a verdict, or were filmed by a family that has no check."""
        checked = select(checks.c.portrait).where(
            checks.c.outcome == "answered", _is_since(checks.c.paid_at, since)
        )
        filmed = select(jobs.c.portrait).where(_filmed_by(unchecked, since))
        subject = union_all(checked, filmed).subquery().c.portrait
        with self._database.reading() as connection:
            return connection.execute(select(func.count(distinct(subject)))).scalar_one()

    def filmed_by(
        self, families: Collection[str], *, since: date | None = None, limit: int = 500
    ) -> list[Job]:
        """Return the videos that some families were asked for, the newest first."""
        order = (jobs.c.reserved_at.desc(), jobs.c.id.desc())
        return self._jobs(_filmed_by(families, since), *order, limit=limit)

    def ended(self, *, since: date | None = None, limit: int = 500) -> list[Job]:
        """Return the jobs that have ended, the newest first, but for requests that were not accepted."""
        is_wanted = and_(
            jobs.c.state.in_(ENDED),
            not_(was_not_accepted()),
            _is_since(jobs.c.reserved_at, since),
        )
        return self._jobs(is_wanted, jobs.c.reserved_at.desc(), jobs.c.id.desc(), limit=limit)

    def under_way(self, *, limit: int = 100) -> list[Job]:
        """Return the jobs that are being sent or made, the oldest first, but for those in doubt."""
        with self._database.reading() as connection:
            at = self._database.now(connection)
        is_wanted = and_(
            jobs.c.state.in_((JobState.RESERVED, JobState.SUBMITTED)),
            not_(is_left_in_doubt(at)),
        )
        return self._jobs(is_wanted, jobs.c.reserved_at, jobs.c.id, limit=limit)

    def in_doubt(self, *, limit: int = 100) -> list[Job]:
        """Return the jobs that nobody knows whether they were accepted, the oldest first."""
        with self._database.reading() as connection:
            at = self._database.now(connection)
        is_wanted = or_(jobs.c.state == JobState.AMBIGUOUS, is_left_in_doubt(at))
        return self._jobs(is_wanted, jobs.c.reserved_at, jobs.c.id, limit=limit)

    def _jobs(
        self, is_wanted: ColumnElement[bool], *order: ColumnElement[Any], limit: int
    ) -> list[Job]:
        query = select(jobs).where(is_wanted).order_by(*order).limit(limit)
        with self._database.reading() as connection:
            return [read_job(row) for row in connection.execute(query)]


def _filmed_by(families: Collection[str], day: date | None) -> ColumnElement[bool]:
    return and_(
        jobs.c.family.in_(families),
        jobs.c.kind == "video",
        not_(was_not_accepted()),
        _is_since(jobs.c.reserved_at, day),
    )


def _checks_since(day: date | None) -> Select[Any]:
    is_wanted = and_(_counts(), _is_since(checks.c.paid_at, day))
    return select(checks).where(is_wanted).order_by(checks.c.id.desc())


def _counts() -> ColumnElement[bool]:
    """Return the condition that a check is the newest answered one of its key."""
    newer = checks.alias()
    has_newer = exists().where(
        newer.c.key == checks.c.key, newer.c.id > checks.c.id, newer.c.outcome == "answered"
    )
    return and_(checks.c.outcome == "answered", not_(has_newer))


def _is_since(moment: ColumnElement[datetime], day: date | None) -> ColumnElement[bool]:
    return true() if day is None else moment >= datetime.combine(day, time(), CHINA)


def _read(row: Row[Any]) -> PastCheck:
    return PastCheck(
        number=row.id,
        service=row.service,
        model=row.model,
        portrait=row.portrait,
        place=row.place,
        verdict=catalog.family(row.family).verdict.model_validate_json(row.verdict),
        cost_cny=row.cost_cny,
        paid_at=row.paid_at,
    )
