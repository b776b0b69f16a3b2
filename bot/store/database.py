"""Opens the database: one URL, two dialects, the same guarantees.

SQLite runs with WAL, synchronous FULL, BEGIN IMMEDIATE, a busy time-out of 30 s and foreign keys;
only one process may use the file, which a lock file enforces. PostgreSQL is accessed through
psycopg 3.
"""

from __future__ import annotations

import errno
import fcntl
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
from bot.store.availability import Availability
from bot.store.codec import prepare
from bot.store.schema import current_revision, upgrade_connection
from bot.store.silence_limit import Limit, connect_with_silence_limit, limit_silence
from bot.store.subseconds import add_unixepoch
from bot.store.write import save_and_delete
from chainlib.frozen import dataclass

_PRAGMAS = (
    "PRAGMA busy_timeout=30000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
    "PRAGMA foreign_keys=ON;"
)
_LONGEST_REASON = 300
_OWN_FILE, _OWN_FOLDER = 0o600, 0o700
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


_DISK = (
    "check APPGW_DATABASE_URL and APPGW_DATA_DIR, "
    "for example APPGW_DATA_DIR=/data on a disk that can be written."
)
_RESTORE = (
    "restore a backup in its place, or name another file, for example "
    "APPGW_DATABASE_URL=sqlite:////data/appgw.sqlite3."
)
_SQLITE_REMEDIES = {
    "malformed": _RESTORE,
    "not a database": _RESTORE,
    "not a regular file": _RESTORE.partition(", or ")[2],
    "is locked": "another program holds it: end that program, for example a backup, and try again.",
}


class UnusableDatabase(Exception):
    """The database URL is invalid, or its database cannot be opened.

    The text is one sentence with an example.
    """


class StoreLocked(Exception):
    """Another process uses this SQLite file; the text is one sentence that says what to do."""


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


def open_store(url: str) -> Store:
    """Open a database, migrate its schema, and lock it if it is a SQLite file.

    Blocks. It also prepares what would block later (time zones, adapters of stored types), so call
    it before the event loop runs, or in a thread.

    Raises:
        UnusableDatabase: the URL, the server, the password or the file is wrong.
        StoreLocked: another process has the file.
        SchemaUnknown: a newer version of the bot, or another program, has written it.
    """
    preload()
    prepare()
    parsed = parse_url(url)
    lock = (
        _lock(Path(parsed.database))
        if parsed.get_backend_name() == "sqlite" and parsed.database
        else None
    )
    availability = Availability()
    sync_engine = open_sync(url, availability.patience)
    try:
        with sync_engine.begin() as connection:
            upgrade_connection(connection)
            save_and_delete(connection)
    except BaseException as error:
        sync_engine.dispose()
        if lock is not None:
            os.close(lock)
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


def unusable_after(parsed: URL, error: SQLAlchemyError) -> UnusableDatabase:
    """As `unusable`, with the driver's message."""
    return unusable(parsed, str(getattr(error, "orig", None) or error))


def unusable(parsed: URL, reason: str) -> UnusableDatabase:
    """The error for an unusable database: its URL without password and the driver's message."""
    # The query part may contain a password too, which `hide_password` does not remove.
    shown = parsed.set(drivername=parsed.get_backend_name(), query={}).render_as_string(
        hide_password=True
    )
    lines = [line.strip() for line in reason.splitlines() if line.strip()] or ["no reason given"]
    return UnusableDatabase(
        f"The database {shown} cannot be opened: {lines[0].rstrip('.')[:_LONGEST_REASON]}; "
        f"{_remedy(parsed, reason)}"
    )


def _remedy(parsed: URL, reason: str) -> str:
    if parsed.get_backend_name() != "sqlite":
        return (
            "check server, database, user, password and rights in APPGW_DATABASE_URL, for example "
            "postgresql://user@host:5432/appgw."
        )
    found = (remedy for words, remedy in _SQLITE_REMEDIES.items() if words in reason)
    return next(found, _DISK)


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


def check_kind(file: Path) -> None:
    """Refuse a folder, a pipe or a device, which keeps its mode and may never end.

    Raises:
        UnusableDatabase: it is no regular file.
        OSError: its name cannot be used.
    """
    if file.exists() and not file.is_file():
        reason = os.strerror(errno.EISDIR) if file.is_dir() else "it is not a regular file"
        raise unusable(URL.create("sqlite", database=str(file)), reason)


def _keep_private(file: Path) -> None:
    """Make the database readable for its owner alone, whatever the umask.

    SQLite gives its additional files the mode of the database. A folder that holds other files
    keeps its mode.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=_OWN_FOLDER)
    folder = file.parent.stat()
    ours = all(one.name.startswith(file.name) for one in file.parent.iterdir())
    if ours and folder.st_uid == os.geteuid():
        file.parent.chmod(_OWN_FOLDER)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWN_FILE))
    for one in (file, *(Path(f"{file}{end}") for end in ("-wal", "-shm", ".lock"))):
        if one.exists() and one.stat().st_uid == os.geteuid():
            one.chmod(_OWN_FILE)


def _lock(file: Path) -> int:
    """Lock the file until the process ends; the system frees the lock after a crash too."""
    try:
        check_kind(file)
        _keep_private(file)
        lock = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWN_FILE)
    except OSError as error:
        raise unusable(
            URL.create("sqlite", database=str(file)), os.strerror(error.errno or 0)
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StoreLocked(
            f"Another process has {file}: stop it, or use PostgreSQL for several "
            "(APPGW_DATABASE_URL=postgresql://user@host/appgw)."
        ) from error
    return lock
