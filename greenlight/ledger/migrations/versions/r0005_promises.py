"""Keep what a run promises to the films that it hands over, and which runs spend it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "promises",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("max_cny", sa.BigInteger, nullable=False),
        sa.Column("film", sa.String(128), nullable=False),
        sa.Column("promised_cny", sa.BigInteger, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
    )
    op.create_index("promises_by_film", "promises", ["run", "film"])
    op.create_table(
        "film_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("flow_run", sa.String(64), nullable=False, unique=True),
        sa.Column("promise_id", sa.Integer, nullable=False),
    )
    op.create_index("ix_film_runs_promise_id", "film_runs", ["promise_id"])
