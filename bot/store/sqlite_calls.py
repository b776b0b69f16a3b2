"""Runs each SQL statement of an asynchronous SQLite connection in one call of its thread.

aiosqlite takes a call each to make a cursor, to execute, to fetch and to close, and SQLAlchemy
makes all four for every statement. Changing threads so often costs more than most statements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import aiosqlite

_CHUNK = 64  # rows of aiosqlite's own cursors, which are not used


def connect(database: str, **options: Any) -> aiosqlite.Connection:  # noqa: ANN401 -- options of `sqlite3.connect`
    """A connection to await, for SQLAlchemy's `async_creator_fn`."""
    connection = _Connection(partial(sqlite3.connect, database, **options), _CHUNK)
    connection._thread.daemon = True  # noqa: SLF001 -- as SQLAlchemy does with those that it makes
    return connection


class _Connection(aiosqlite.Connection):
    def cursor(self) -> _Cursor:  # type: ignore[override] # SQLAlchemy enters it, and no more
        return _Cursor(self)

    async def run(self, method: str, statement: str, parameters: Sequence[Any]) -> _Result:
        ran: _Result = await self._execute(_run, self._conn, method, statement, parameters)  # type: ignore[no-untyped-call]
        return ran


class _Result:
    """What a cursor holds once a statement has run."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.rows = cursor.fetchall() if cursor.description else []
        self.description, self.rowcount = cursor.description, cursor.rowcount
        self.lastrowid = cursor.lastrowid


def _run(
    connection: sqlite3.Connection, method: str, statement: str, parameters: Sequence[Any]
) -> _Result:
    cursor = connection.cursor()
    try:
        getattr(cursor, method)(statement, parameters)
        return _Result(cursor)
    finally:
        cursor.close()


class _Cursor:
    """The part of aiosqlite's cursor that SQLAlchemy uses."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._result: _Result | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        self._result = await self._connection.run("execute", statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Sequence[Any]) -> Self:
        self._result = await self._connection.run("executemany", statement, parameters)
        return self

    async def fetchall(self) -> Sequence[Any]:
        return self._result.rows if self._result else ()

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def description(self) -> Any:  # noqa: ANN401 -- as the DB-API has it
        return self._result.description if self._result else None

    @property
    def rowcount(self) -> int:
        return self._result.rowcount if self._result else -1

    @property
    def lastrowid(self) -> int | None:
        return self._result.lastrowid if self._result else None
