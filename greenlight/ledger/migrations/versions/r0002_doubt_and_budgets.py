"""Book checks before they are sent, reserve what a job can cost, and keep the tasks of failed attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; every check that was booked before was answered."""
    with op.batch_alter_table("checks") as checks:
        checks.add_column(
            sa.Column("outcome", sa.String(16), nullable=False, server_default="answered")
        )
        checks.alter_column("passed", existing_type=sa.Boolean(), nullable=True)
        checks.alter_column("verdict", existing_type=sa.Text(), nullable=True)
    op.create_index("checks_by_day", "checks", ["service", "paid_at"])
    op.add_column(
        "jobs", sa.Column("reserved_cny", sa.BigInteger, nullable=False, server_default="0")
    )
    op.create_index("ix_jobs_flow_run", "jobs", ["flow_run"])
    op.create_index("jobs_by_day", "jobs", ["service", "reserved_at"])
    op.create_table(
        "other_tasks",
        sa.Column("task_id", sa.String(128), primary_key=True),
        sa.Column("job_id", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(128), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
    )
