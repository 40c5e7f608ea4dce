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


REVISION = "0005"
"""What the tables below are in the history that `greenlight.ledger.migrations` keeps."""
VERSION_TABLE = "ledger_version"
"""A name of its own: other programs of a shared database keep their revisions there too."""

metadata = MetaData()

checks = Table(
    "checks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "key",
        String(512),
        nullable=False,
        doc="service, model or deployment, ratio and portrait: what is paid once",
    ),
    Column(
        "service",
        String(255),
        nullable=False,
        doc="host and port of the address, and the workspace",
    ),
    Column(
        "model",
        String(128),
        nullable=False,
        doc="the vendor's id, or the name of a deployment of one's own",
    ),
    Column("family", String(64), nullable=False, doc="the model's name for people"),
    Column(
        "ratio",
        String(8),
        nullable=False,
        doc="as it was asked for; empty where the family takes none",
    ),
    Column("portrait", String(128), nullable=False, doc="the identity of its content"),
    Column("place", Text, nullable=False, doc="where it lay, without a query"),
    Column(
        "outcome",
        String(16),
        nullable=False,
        server_default="answered",
        doc="sent, answered, stale (it was overwritten meanwhile) or uncertain (the answer was lost)",
    ),
    Column("passed", Boolean, doc="empty until it is answered"),
    Column("verdict", Text, doc="the whole verdict, as JSON"),
    Column("request_id", String(128), nullable=False, doc="the vendor's"),
    Column(
        "cost_cny", Cny, nullable=False, doc="its price, at the most while the answer is not known"
    ),
    Column("paid_at", Utc, nullable=False, doc="when it was sent"),
    Column(
        "flow_run",
        String(64),
        nullable=False,
        default="",
        index=True,
        doc="the run that paid it; empty for the command line",
    ),
    Index("checks_by_key", "key", "id"),
    Index("checks_by_day", "service", "paid_at"),
)
"""Every check that was sent, before it is paid; the newest answered one of a key is its verdict."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "key",
        String(512),
        nullable=False,
        unique=True,
        doc="service, and a hash of everything that decides the output",
    ),
    Column("kind", String(16), nullable=False, doc="video or template"),
    Column(
        "service",
        String(255),
        nullable=False,
        doc="host and port of the address, and the workspace",
    ),
    Column(
        "model",
        String(128),
        nullable=False,
        doc="the vendor's id, or the name of a deployment of one's own",
    ),
    Column("family", String(64), nullable=False, doc="the model's name for people"),
    Column("state", String(16), nullable=False, index=True, doc="see the states of a job"),
    Column(
        "brief",
        Text,
        nullable=False,
        doc="what was ordered, as JSON: places, identities, parameters, take",
    ),
    Column(
        "flow_run",
        String(64),
        nullable=False,
        default="",
        index=True,
        doc="the run that reserved it",
    ),
    Column(
        "attempts",
        Integer,
        nullable=False,
        doc="how often it was made; what the vendor failed may be tried again",
    ),
    Column(
        "claim", String(64), nullable=False, doc="the token of the lease that it was sent under"
    ),
    Column(
        "account",
        String(16),
        doc="a short hash of the key that it was sent with; empty for older jobs",
    ),
    Column("reserved_at", Utc, nullable=False, doc="when it was booked"),
    Column(
        "sent_at",
        Utc,
        doc="just before the first byte of the paying request; empty where it was not accepted",
    ),
    Column(
        "settle_seconds",
        Float,
        doc="how long a doubt must be watched before it can be released, by the sender's settings",
    ),
    Column(
        "doubted_at",
        Utc,
        doc="when the doubt was first looked at with clocks that agree with the vendor's",
    ),
    Column("submitted_at", Utc, doc="when the vendor had accepted it"),
    Column("finished_at", Utc, doc="when it was closed here"),
    Column("task_id", String(128), unique=True, doc="the vendor's"),
    Column(
        "request_id",
        String(128),
        nullable=False,
        default="",
        doc="the vendor's, of the paying request",
    ),
    Column("template_id", String(255), doc="what a template came to"),
    Column("place", Text, doc="where the video lies"),
    Column("sha256", String(64), doc="of the stored video"),
    Column("seconds", Float, doc="what the vendor billed"),
    Column(
        "reserved_cny",
        Cny,
        nullable=False,
        server_default="0",
        doc="the price of its longest output, which budgets hold back",
    ),
    Column("cost_cny", Cny, doc="what it came to; empty until it has ended"),
    Column("code", String(128), nullable=False, default="", doc="the vendor's, where it failed"),
    Column(
        "message", Text, nullable=False, default="", doc="the same in words, or why it is in doubt"
    ),
    Column(
        "portrait",
        String(300),
        doc="the identity of the portrait or the clip; a template has none",
    ),
    Column(
        "drive",
        String(300),
        doc="the identity of the sound or the motion",
    ),
    Index("jobs_by_day", "service", "reserved_at"),
    Index("jobs_by_portrait", "portrait"),
)
"""Every video and template, from just before its paying request to its end."""

other_tasks = Table(
    "other_tasks",
    metadata,
    Column("task_id", String(128), primary_key=True, doc="the vendor's"),
    Column("job_id", Integer, nullable=False, doc="whose it was"),
    Column("state", String(16), nullable=False, doc="how it ended"),
    Column("code", String(128), nullable=False, doc="the vendor's"),
    Column("message", Text, nullable=False, doc="the same in words"),
    Column("booked_at", Utc, nullable=False, doc="when it was written down"),
)
"""The tasks of a job's earlier attempts, which failed."""

promises = Table(
    "promises",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String(64), nullable=False, doc="the run whose budget it is part of"),
    Column("max_cny", Cny, nullable=False, doc="that budget"),
    Column(
        "film", String(128), nullable=False, doc="what it is for: a hash of the brief's contents"
    ),
    Column("promised_cny", Cny, nullable=False, doc="the most that the film may cost"),
    Column(
        "is_open",
        Boolean,
        nullable=False,
        doc="until its film run has ended; from then on only what was paid counts",
    ),
    Index("promises_by_film", "run", "film"),
)
"""What sweeps and uploads hold back of their budgets for the films that they hand over."""

film_runs = Table(
    "film_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("flow_run", String(64), nullable=False, unique=True, doc="the run that films"),
    Column("promise_id", Integer, nullable=False, index=True, doc="the promise that it spends"),
)
"""The runs that spend a promise, the newest last: another one may go on with a film."""

media = Table(
    "media",
    metadata,
    Column(
        "seen",
        String(256),
        primary_key=True,
        doc="kind, and what a listing says: ETag, size and if it has a SHA-256, or path, size and time",
    ),
    Column(
        "identity", String(128), nullable=False, doc="of its content; empty where it cannot be used"
    ),
    Column("facts", Text, nullable=False, doc="format, size, length, as JSON"),
    Column("problem", Text, nullable=False, doc="why it cannot be used, in a sentence"),
)
"""What was found out about pictures, sounds, videos and briefs, by what a listing knows of them."""

leases = Table(
    "leases",
    metadata,
    Column("name", String(512), primary_key=True, doc="what is held, like a check"),
    Column("token", String(64), nullable=False, doc="by whom"),
    Column("until", Utc, nullable=False, doc="until when"),
    Column("renewed_at", Utc, doc="when that was written"),
)
"""What one process at a time does; a lease ends by itself when its holder dies."""

pace = Table(
    "pace",
    metadata,
    Column("name", String(512), primary_key=True, doc="service and model"),
    Column("next_at", Utc, nullable=False, doc="when the next request may start"),
    Column("written_at", Utc, doc="when that was written"),
)
"""When the next request of a model may start, for all processes together."""


_version = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))


def read_revision(connection: Connection) -> str | None:
    """Return the revision of a ledger's tables, `None` for one that has none yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(_version.c.version_num)).scalar_one_or_none()
