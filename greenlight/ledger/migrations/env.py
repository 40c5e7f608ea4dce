"""Let Alembic work in the transaction that `greenlight.ledger.migrating` has opened."""

from __future__ import annotations

from alembic import context

from greenlight.ledger.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
