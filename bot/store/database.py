"""Opens the database: one URL, two dialects, the same guarantees.

SQLite runs with WAL, synchronous FULL, BEGIN IMMEDIATE, a busy time-out of 30 s and foreign keys;
only one process may use the file, which a lock file enforces. PostgreSQL is accessed through
psycopg 3.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.digest.zones import preload
from bot.domain.outage import DatabaseUnavailable
from bot.store import sqlite_file
from bot.store.availability import Availability
from bot.store.codec import prepare
from bot.store.refusals import StoreLocked, UnusableDatabase, unusable_after
from bot.store.schema import current_revision, upgrade_connection
from bot.store.silence_limit import Limit, connect_with_silence_limit, limit_silence
from bot.store.subseconds import add_unixepoch
from bot.store.write import save_and_delete
from chainlib.frozen import dataclass

_PRAGMAS = (
    "PRAGMA busy_timeout=30000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
    "PRAGMA foreign_keys=ON;"
)
_READS_ALONE = "reads_alone"
# A replica that is paused inside a transaction keeps its locks. The server ends that transaction,
# so that another replica can take over.
_IDLE_IN_TRANSACTION_MS = 10_000
POSTGRESQL: dict[str, Any] = {
    "pool_size": 10,
    "max_overflow": 10,
    "pool_pre_ping": True,
    "connect_args": {
        # A database in SQL_ASCII would give bytes for text.
        "options": f"-c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_MS} "
        "-c client_encoding=UTF8",
    },
}


# A replica that starts while another one migrates waits for it.
UPGRADE_WAIT_S = 120.0
_LOCK_NOT_AVAILABLE = "55P03"
_UPGRADE_LOCKED = (
    "Another process has been upgrading the database for {:.0f} seconds: wait until it is ready, "
    "or end its session (pg_locks shows it as an advisory lock), and start again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The open database.

    Attributes:
        engine: used by `writing`.
        reader: the same connections, used by `reading`.
        sync_engine: the same database for synchronous code (the tables of DBOS).
        lock: the open lock file of a SQLite database.
        availability: whether the database can be used now.
    """

    engine: AsyncEngine
    reader: AsyncEngine
    sync_engine: Engine
    lock: int | None = None
    availability: Availability = field(default_factory=Availability)

    @property
    def embedded(self) -> bool:
        """Whether it is a SQLite file, which only one process may use."""
        return self.engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back by an exception.

        Raises:
            DatabaseUnavailable: the database cannot be used now.
        """
        committing = False
        try:
            with self.availability.watching(writing=True):
                async with self.engine.begin() as connection:
                    yield connection
                    committing = True
        except DatabaseUnavailable as error:
            if not committing or self.embedded:
                raise
            # The server may have committed before the connection was lost.
            raise DatabaseUnavailable(error.reason, doubtful=True) from error

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reads alone: on SQLite it takes no write lock.

        Raises:
            DatabaseUnavailable: the database cannot be used now.
        """
        with self.availability.watching(writing=False):
            async with self.reader.connect() as connection:
                yield connection

    async def close(self) -> None:
        """Close every connection and release the lock."""
        await self.engine.dispose()
        self.sync_engine.dispose()
        if self.lock is not None:
            os.close(self.lock)


def open_store(url: str, *, upgrade_wait_s: float = UPGRADE_WAIT_S) -> Store:
    """Open a database, migrate its schema, and lock it if it is a SQLite file.

    Blocks. It also prepares what would block later (time zones, adapters of stored types), so call
    it before the event loop runs, or in a thread.

    Raises:
        UnusableDatabase: the URL, the server, the password or the file is wrong.
        StoreLocked: another process has the file, or has upgraded the schema for longer than
            `upgrade_wait_s` seconds.
        SchemaUnknown: a newer version of the bot, or another program, has written it.
    """
    preload()
    prepare()
    parsed = parse_url(url)
    lock = (
        sqlite_file.lock(Path(parsed.database))
        if parsed.get_backend_name() == "sqlite" and parsed.database
        else None
    )
    availability = Availability()
    sync_engine = open_sync(url, availability.patience)
    try:
        with sync_engine.begin() as connection:
            upgrade_connection(connection, upgrade_wait_s)
            save_and_delete(connection)
    except BaseException as error:
        sync_engine.dispose()
        if lock is not None:
            os.close(lock)
        if getattr(getattr(error, "orig", None), "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise StoreLocked(_UPGRADE_LOCKED.format(upgrade_wait_s)) from error
        if isinstance(error, SQLAlchemyError):
            raise unusable_after(parsed, error) from error
        raise
    engine = _open_async(parsed, availability.patience)
    return Store(
        engine=engine,
        reader=engine.execution_options(**_reads_alone(engine)),
        sync_engine=sync_engine,
        lock=lock,
        availability=availability,
    )


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """A store for a synchronous program, closed at the end. Blocks.

    Raises:
        UnusableDatabase, StoreLocked, SchemaUnknown: as `open_store`.
    """
    store = open_store(url)
    try:
        yield store
    finally:
        store.sync_engine.dispose()
        if store.lock is not None:
            os.close(store.lock)


def upgrade(url: str) -> str:
    """Migrate a database's schema and return its new revision. Blocks.

    Raises:
        UnusableDatabase, StoreLocked, SchemaUnknown: as `open_store`.
    """
    with opened(url) as store, store.sync_engine.connect() as connection:
        return current_revision(connection)


def open_sync(url: str, limit: Limit) -> Engine:
    """Open the database for synchronous code, with the same guarantees.

    `limit` returns the seconds for which a PostgreSQL server may stay silent.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return open_postgresql(parsed, limit)
    engine = create_engine(parsed)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def parse_url(url: str) -> URL:
    """Parse the URL and choose the driver.

    Raises:
        UnusableDatabase: the URL is invalid, or neither SQLite nor PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: the port is not a number
        raise UnusableDatabase(
            "The database URL cannot be read; write sqlite:////data/appgw.sqlite3 or "
            "postgresql://user@host/appgw."
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        return parsed.set(drivername="sqlite+pysqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise UnusableDatabase(
        "The database must be a SQLite file or PostgreSQL, for example "
        "sqlite:////data/appgw.sqlite3."
    )


def open_postgresql(parsed: URL, limit: Limit) -> Engine:
    """Open a PostgreSQL database for synchronous code."""
    engine = create_engine(parsed, **POSTGRESQL)
    limit_silence(engine, limit)
    return engine


def _open_async(parsed: URL, limit: Limit) -> AsyncEngine:
    if parsed.get_backend_name() != "sqlite":
        connecting = {"async_creator_fn": connect_with_silence_limit(limit)}
        arguments = {**POSTGRESQL["connect_args"], **connecting}
        return create_async_engine(parsed, **{**POSTGRESQL, "connect_args": arguments})
    engine = create_async_engine(parsed.set(drivername="sqlite+aiosqlite"))
    event.listen(engine.sync_engine, "connect", _prepare_aiosqlite)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's connection
    """Put the driver into autocommit, so that SQLAlchemy alone sends BEGIN."""
    dbapi_connection.isolation_level = None
    add_unixepoch(dbapi_connection)
    dbapi_connection.executescript(_PRAGMAS)


def _prepare_aiosqlite(dbapi_connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's connection
    """The same; each call goes to the driver's thread and back, so all pragmas are one call."""
    dbapi_connection.isolation_level = None
    add_unixepoch(dbapi_connection)
    dbapi_connection.run_async(lambda driver: driver.executescript(_PRAGMAS))


def _reads_alone(engine: AsyncEngine) -> Mapping[str, Any]:
    """The options of connections that only read.

    The SQLite driver is in autocommit already; to ask it for that, and to undo it after each read,
    would cost more than the read.
    """
    embedded = engine.dialect.name == "sqlite"
    return {_READS_ALONE: True} if embedded else {"isolation_level": "AUTOCOMMIT"}


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once.

    Otherwise a transaction that reads first and writes later could fail half-way.
    """
    if not connection.get_execution_options().get(_READS_ALONE):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
