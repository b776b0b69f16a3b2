"""Writes whose SQL differs between the two dialects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import tables

Row = Mapping[str, Any]
# More than two SQLite pages, so that the file must grow; the PostgreSQL column takes 200.
_SQLITE_ROW, _POSTGRESQL_ROW = "probe".ljust(12_000, "."), "probe"


async def upsert(
    connection: AsyncConnection, table: Table, rows: Sequence[Row], *, newest: str | None = None
) -> None:
    """Insert rows; a row whose primary key exists is replaced.

    Args:
        connection: of the caller's transaction.
        table: the table.
        rows: the rows, all with the same columns.
        newest: a column of which the greater value is kept.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = _insert(connection, table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    later = statement.excluded[newest] > table.c[newest] if newest else None
    await connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=changed, where=later), list(rows)
    )


async def insert_new(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> int:
    """Insert the rows whose primary key does not exist.

    For a single row the returned count says whether it was new.
    """
    if not rows:
        return 0
    statement = (
        _insert(connection, table)
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )
    many = rows[0] if len(rows) == 1 else list(rows)
    result = await connection.execute(statement, many)
    return result.rowcount


def _insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def save_and_delete(connection: Connection) -> None:
    """Write a row and delete it, to test whether the database can be written."""
    row = _SQLITE_ROW if connection.dialect.name == "sqlite" else _POSTGRESQL_ROW
    processed = tables.processed
    connection.execute(insert(processed).values(id=row, at=datetime.now(UTC)))
    connection.execute(delete(processed).where(processed.c.id == row))
