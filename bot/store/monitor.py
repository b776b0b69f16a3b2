"""Checks every few seconds whether the database works; run by `appgw serve`.

On SQLite the check writes a row and deletes it in one transaction, because a full or read-only disk
still allows every read. On PostgreSQL it asks whether writes are allowed, and it also writes during
an outage that began with a failed write.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.availability import READ_ONLY, UNANSWERED, first_line, outage_of
from bot.store.database import Store
from bot.store.write import save_and_delete

EVERY_S, AGAIN_S = 4.0, 1.0
SILENT_S = 4.0
"""Seconds after which a silent PostgreSQL server counts as unavailable."""
_LIBRARIES = ("dbos", "sqlalchemy", "alembic")
_DRIVERS_WORDS = ("(psycopg.OperationalError)", "(psycopg.errors.", "(sqlite3.OperationalError)")
# What DBOS logs during an outage, once a second per queue, before our own check has found the
# outage.
_ENGINES_WORDS = (
    "Database connection failed",
    "Notification listener error",
    "Exception reloading queue",
    "Exception listing queues",
    "Exception finding work",
    "Exception encountered in queue thread",
)


@asynccontextmanager
async def monitored(
    store: Store, *, every: float = EVERY_S, again: float = AGAIN_S
) -> AsyncIterator[None]:
    """Keep `store.availability` up to date while the context is open.

    Args:
        store: the open database.
        every: seconds between two checks.
        again: seconds between two checks during an outage.
    """
    stop, quiet = asyncio.Event(), _Quiet(store)
    handlers = logging.getLogger().handlers[:]
    for handler in handlers:
        handler.addFilter(quiet)
    monitor = asyncio.create_task(_check_until(stop, store, every, again))
    store.availability.monitored = store.availability.started = True
    try:
        yield
    finally:
        store.availability.monitored = False
        stop.set()
        await monitor
        for handler in handlers:
            handler.removeFilter(quiet)


class _Quiet(logging.Filter):
    """Drops log records of libraries about an outage, because this module logs it once."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if record.name.partition(".")[0] not in _LIBRARIES:
            return True
        if self._store.availability.reason is not None:
            return False
        caught = record.exc_info[1] if record.exc_info else None
        said = f"{record.getMessage()} {caught or ''}"
        return not any(words in said for words in (*_DRIVERS_WORDS, *_ENGINES_WORDS))


async def _check_until(stop: asyncio.Event, store: Store, every: float, again: float) -> None:
    answer_of_database: asyncio.Task[None] | None = None
    while not stop.is_set():
        answer_of_database = answer_of_database or asyncio.create_task(_answer_of_database(store))
        with suppress(OSError):
            await asyncio.wait({answer_of_database}, timeout=SILENT_S)
        if answer_of_database.done():
            answer_of_database = None
        elif not store.embedded:  # SQLite has a busy time-out of its own
            store.availability.failed(UNANSWERED, writing=False, detail="no answer in time")
        pause = every if store.availability.reason is None else again
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
    if answer_of_database is not None:
        answer_of_database.cancel()
        await asyncio.gather(answer_of_database, return_exceptions=True)


async def _answer_of_database(store: Store) -> None:
    """One check; never raises for a database error."""
    availability = store.availability
    writing = store.embedded or availability.writes_failed
    try:
        if store.embedded:
            await asyncio.to_thread(_write_to_file, store)
        elif writing:
            async with store.engine.begin() as connection:
                await connection.run_sync(save_and_delete)
        else:
            async with store.engine.connect() as connection:
                if await _is_read_only(connection):
                    availability.failed(READ_ONLY, writing=True)
                    return
    except (DBAPIError, PoolTimeout, OSError) as error:
        reason = outage_of(error) or UNANSWERED
        availability.failed(reason, writing=writing, detail=first_line(error))
    else:
        availability.works()


def _write_to_file(store: Store) -> None:
    """Run all statements in one thread call; one for each took half of an idle bot's CPU."""
    with store.sync_engine.begin() as connection:
        save_and_delete(connection)


async def _is_read_only(connection: AsyncConnection) -> bool:
    found = await connection.execute(text("SELECT current_setting('transaction_read_only')"))
    return bool(found.scalar_one() == "on")
