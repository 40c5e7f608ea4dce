"""Tell of the tables of the books, out of their definitions."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Table

from generator.attributes import docs_of
from generator.markdown import code, paragraph, table, write_page
from greenlight.ledger import schema

INTRODUCTION = f"""
The books are tables in SQLite or PostgreSQL; this is revision {schema.REVISION}, and an older
ledger is brought to it when it is opened. Money stands in millionths of a yuan, so that sums are
exact in every database; times are UTC. They may be read by anybody; only Greenlight should write
them.
"""


def page() -> str:
    """Return the page of the ledger."""
    parts = (part for one in schema.metadata.tables.values() for part in _table(one))
    return write_page("Ledger tables", paragraph(INTRODUCTION), *parts)


def _table(one: Table) -> Iterator[str]:
    yield f"## {code(one.name)}"
    yield paragraph(docs_of(schema)[one.name])
    yield table(("column", "type", "holds"), map(_row, one.columns))


def _row(column: Column[object]) -> tuple[str, ...]:
    return code(column.name), _kind(column), column.doc or ""


def _kind(column: Column[object]) -> str:
    kind = str(column.type) if not isinstance(column.type, schema.Cny | schema.Utc) else ""
    name = {schema.Cny: "millionths", schema.Utc: "time"}.get(type(column.type), kind.lower())
    notes = ["key"] if column.primary_key else []
    if column.unique:
        notes.append("unique")
    if column.nullable and not column.primary_key:
        notes.append("may be empty")
    return ", ".join([name, *notes])
