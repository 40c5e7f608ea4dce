"""Remember what was found out about media, and find the jobs of a portrait."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_jobs = sa.table(
    "jobs",
    sa.column("id", sa.Integer),
    sa.column("brief", sa.Text),
    sa.column("portrait", sa.String),
    sa.column("drive", sa.String),
)


def upgrade() -> None:
    """Add the table and the columns; what earlier jobs filmed stands in their briefs."""
    op.create_table(
        "media",
        sa.Column("seen", sa.String(256), primary_key=True),
        sa.Column("identity", sa.String(128), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
    )
    for name in ("portrait", "drive"):
        op.add_column("jobs", sa.Column(name, sa.String(300)))
    op.create_index("jobs_by_portrait", "jobs", ["portrait"])
    connection = op.get_bind()
    for row in connection.execute(sa.select(_jobs.c.id, _jobs.c.brief)).all():
        brief = json.loads(row.brief)
        filmed = {
            "portrait": brief.get("portrait_identity") or "",
            "drive": brief.get("drive_identity") or "",
        }
        connection.execute(sa.update(_jobs).where(_jobs.c.id == row.id).values(filmed))
