"""Let leases decide who sends a job, and keep what a doubt is settled by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_jobs = sa.table(
    "jobs",
    sa.column("key", sa.String),
    sa.column("state", sa.String),
    sa.column("sent_at", sa.DateTime(timezone=True)),
    sa.column("lease_token", sa.String),
    sa.column("lease_until", sa.DateTime(timezone=True)),
    sa.column("cost_cny", sa.BigInteger),
)
_leases = sa.table(
    "leases",
    sa.column("name", sa.String),
    sa.column("token", sa.String),
    sa.column("until", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    """Turn the leases of jobs into leases like all others; what was never sent has not been accepted."""
    connection = op.get_bind()
    is_reserved = _jobs.c.state == "reserved"
    under_way = sa.select(
        sa.literal("job ") + _jobs.c.key, _jobs.c.lease_token, _jobs.c.lease_until
    ).where(is_reserved, _jobs.c.sent_at.is_not(None))
    connection.execute(sa.insert(_leases).from_select(["name", "token", "until"], under_way))
    connection.execute(
        sa.update(_jobs)
        .where(is_reserved, _jobs.c.sent_at.is_(None))
        .values(state="failed", cost_cny=0)
    )
    op.execute("ALTER TABLE jobs RENAME COLUMN lease_token TO claim")
    op.drop_column("jobs", "lease_until")
    op.add_column("jobs", sa.Column("account", sa.String(16)))
    op.add_column("jobs", sa.Column("settle_seconds", sa.Float))
    op.add_column("jobs", sa.Column("doubted_at", sa.DateTime(timezone=True)))
    op.add_column("leases", sa.Column("renewed_at", sa.DateTime(timezone=True)))
    op.add_column("pace", sa.Column("written_at", sa.DateTime(timezone=True)))
