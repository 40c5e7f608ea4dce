"""Keep the history of the tables, one revision a file, for Alembic."""
