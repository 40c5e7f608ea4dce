"""Lay out the tables of the books.

Money stands in millionths of a yuan, so that sums are exact in every database; times are UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

MICRO = Decimal(1_000_000)


class Cny(TypeDecorator[Decimal]):
    """An amount in yuan, kept as whole millionths."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Turn yuan into millionths."""
        return None if value is None else int((value * MICRO).to_integral_value())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Turn millionths into yuan."""
        return None if value is None else Decimal(value) / MICRO


class Utc(TypeDecorator[datetime]):
    """An aware time; SQLite keeps no zone, so UTC is put back when it is read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn any aware time into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give a time that the database keeps without a zone its zone."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


metadata = MetaData()

checks = Table(
    "checks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(512), nullable=False),
    Column("service", String(255), nullable=False),
    Column("model", String(128), nullable=False),
    Column("family", String(64), nullable=False),
    Column("ratio", String(8), nullable=False),
    Column("portrait", String(128), nullable=False),
    Column("place", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("cost_cny", Cny, nullable=False),
    Column("paid_at", Utc, nullable=False),
    Column("flow_run", String(64), nullable=False, default="", index=True),
    Index("checks_by_key", "key", "id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(512), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("service", String(255), nullable=False),
    Column("model", String(128), nullable=False),
    Column("family", String(64), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("brief", Text, nullable=False),
    Column("flow_run", String(64), nullable=False, default=""),
    Column("attempts", Integer, nullable=False),
    Column("lease_token", String(64), nullable=False),
    Column("lease_until", Utc, nullable=False),
    Column("reserved_at", Utc, nullable=False),
    Column("sent_at", Utc),
    Column("submitted_at", Utc),
    Column("finished_at", Utc),
    Column("task_id", String(128), unique=True),
    Column("request_id", String(128), nullable=False, default=""),
    Column("template_id", String(255)),
    Column("place", Text),
    Column("sha256", String(64)),
    Column("seconds", Float),
    Column("cost_cny", Cny),
    Column("code", String(128), nullable=False, default=""),
    Column("message", Text, nullable=False, default=""),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(512), primary_key=True),
    Column("token", String(64), nullable=False),
    Column("until", Utc, nullable=False),
)

pace = Table(
    "pace",
    metadata,
    Column("name", String(512), primary_key=True),
    Column("next_at", Utc, nullable=False),
)
