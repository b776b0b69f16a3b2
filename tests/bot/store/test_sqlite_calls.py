"""Each statement of the store on SQLite is one call of the driver's thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store.sqlite_calls import connect


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[AsyncConnection]:
    """A connection to a file with one table."""
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{tmp_path}/file.sqlite3", connect_args={"async_creator_fn": connect}
    )
    async with engine.connect() as opened:
        await opened.execute(text("CREATE TABLE row (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"))
        yield opened
    await engine.dispose()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the thread is asked to run."""
    asked: list[str] = []
    execute = aiosqlite.Connection._execute

    async def counted(
        self: aiosqlite.Connection, function: Callable[..., Any], *arguments: object
    ) -> object:
        asked.append(function.__name__)
        return await execute(self, function, *arguments)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return asked


async def test_statement_is_one_call(connection: AsyncConnection, calls: list[str]) -> None:
    calls.clear()
    inserted = await connection.execute(text("INSERT INTO row (name) VALUES ('a')"))
    assert (inserted.rowcount, inserted.lastrowid) == (1, 1)
    await connection.execute(text("INSERT INTO row (name) VALUES (:name)"), {"name": "b"})
    many = [{"name": name} for name in "cd"]
    assert (await connection.execute(text("INSERT INTO row (name) VALUES (:name)"), many)).rowcount
    read = await connection.execute(text("SELECT id, name FROM row ORDER BY id LIMIT 2"))
    assert list(read.mappings()) == [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    assert len(calls) == 4


async def test_failed_statement_leaves_the_connection_usable(connection: AsyncConnection) -> None:
    with pytest.raises(OperationalError, match="no such table"):
        await connection.execute(text("SELECT * FROM missing"))
    assert (await connection.execute(text("SELECT count(*) FROM row"))).scalar_one() == 0
