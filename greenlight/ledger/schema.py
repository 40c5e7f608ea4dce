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
    Connection,
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
    inspect,
    select,
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
    """An aware time, always read as UTC; SQLite keeps no zone, PostgreSQL answers in its session's."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn any aware time into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


REVISION = "0003"
"""What the tables below are in the history that `greenlight.ledger.migrations` keeps."""
VERSION_TABLE = "ledger_version"
"""A name of its own: other programs of a shared database keep their revisions there too."""

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
    Column("outcome", String(16), nullable=False, server_default="answered"),
    Column("passed", Boolean),
    Column("verdict", Text),
    Column("request_id", String(128), nullable=False),
    Column("cost_cny", Cny, nullable=False),
    Column("paid_at", Utc, nullable=False),
    Column("flow_run", String(64), nullable=False, default="", index=True),
    Index("checks_by_key", "key", "id"),
    Index("checks_by_day", "service", "paid_at"),
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
    Column("flow_run", String(64), nullable=False, default="", index=True),
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
    Column("reserved_cny", Cny, nullable=False, server_default="0"),
    Column("cost_cny", Cny),
    Column("code", String(128), nullable=False, default=""),
    Column("message", Text, nullable=False, default=""),
    Column("portrait", String(300), nullable=False, server_default=""),
    Column("drive", String(300), nullable=False, server_default=""),
    Index("jobs_by_day", "service", "reserved_at"),
    Index("jobs_by_portrait", "portrait"),
)

other_tasks = Table(
    "other_tasks",
    metadata,
    Column("task_id", String(128), primary_key=True),
    Column("job_id", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("code", String(128), nullable=False),
    Column("message", Text, nullable=False),
    Column("booked_at", Utc, nullable=False),
)
"""The tasks of a job beside the one that counts: attempts that failed, and one whose id came too late."""

media = Table(
    "media",
    metadata,
    Column("seen", String(256), primary_key=True),
    Column("identity", String(128), nullable=False),
    Column("facts", Text, nullable=False),
    Column("problem", Text, nullable=False),
)
"""What was found out about pictures, sounds, videos and briefs, by what a listing knows of them."""

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


_version = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))


def read_revision(connection: Connection) -> str | None:
    """Return the revision of a ledger's tables, `None` for one that has none yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(_version.c.version_num)).scalar_one_or_none()
