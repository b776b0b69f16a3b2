"""An outage is told apart from an error of our own, noticed once, and over when it is over."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from bot.domain.outage import DatabaseUnavailable
from bot.store import Store, monitored, outage_of
from bot.store.last_known import first_time, recent_hosts
from tests.support.waiting import LIMIT_S, until

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def of_sqlite(code: int) -> DBAPIError:
    cause = sqlite3.OperationalError("whatever it says")
    cause.sqlite_errorcode = code
    return OperationalError("SELECT 1", None, cause)


def of_postgresql(kind: type[psycopg.Error]) -> DBAPIError:
    return DBAPIError.instance("SELECT 1", None, kind("whatever it says"), psycopg.Error)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(of_sqlite(13), "the disk of the database is full", id="sqlite-full"),
        pytest.param(of_sqlite(1032), "the database is read-only", id="sqlite-read-only-moved"),
        pytest.param(of_sqlite(778), "the disk of the database reports errors", id="sqlite-io"),
        pytest.param(of_sqlite(5), "the database does not answer", id="sqlite-busy"),
        pytest.param(of_sqlite(1), None, id="sqlite-no-such-table"),
        pytest.param(
            of_postgresql(psycopg.errors.DiskFull), "the disk of the database is full", id="pg-full"
        ),
        pytest.param(
            of_postgresql(psycopg.errors.ReadOnlySqlTransaction),
            "the database is read-only",
            id="pg-standby",
        ),
        pytest.param(
            of_postgresql(psycopg.errors.AdminShutdown),
            "the database does not answer",
            id="pg-down",
        ),
        pytest.param(of_postgresql(psycopg.errors.UndefinedTable), None, id="pg-no-such-table"),
        pytest.param(of_postgresql(psycopg.errors.DeadlockDetected), None, id="pg-deadlock"),
        pytest.param(ValueError("ours"), None, id="another-error"),
    ],
)
def test_an_outage_is_distinguished_from_bugs(error: Exception, reason: str | None) -> None:
    assert outage_of(error) == reason


def read_only_switch(store: Store) -> Callable[[bool], None]:
    """What a standby or a read-only file system does to every connection, switched on and off.

    One listener for both: another would change the list while a connection walks it.
    """
    name, off, on = (
        ("query_only", "OFF", "ON")
        if store.embedded
        else ("default_transaction_read_only", "off", "on")
    )
    words = [off]

    def set_it(connection: object, _record: object, _proxy: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        word = words[-1]
        cursor.execute(f"PRAGMA {name}={word}" if store.embedded else f"SET {name} = {word}")
        cursor.close()
        if not store.embedded:  # else the setting would go with the transaction that it began
            connection.commit()  # type: ignore[attr-defined]

    for engine in (store.engine.sync_engine, store.sync_engine):
        sa.event.listen(engine, "checkout", set_it)
    return lambda read_only: words.append(on if read_only else off)


async def until_reported(store: Store, reason: str | None) -> None:
    await until(lambda: store.availability.reason == reason)


async def test_read_only_database_is_reported_and_heals(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="bot.store.availability")
    switch = read_only_switch(store)
    async with monitored(store, every=0.1, again=0.1):
        switch(True)  # noqa: FBT003 -- on
        await until_reported(store, "the database is read-only")
        with pytest.raises(DatabaseUnavailable, match="I cannot save this now: the database is"):
            async with store.writing() as connection:
                await first_time(connection, "event", NOW)
        async with store.reading() as connection:
            assert await recent_hosts(connection, "T", "U") == ()
        switch(False)  # noqa: FBT003 -- off
        await until_reported(store, None)
        async with store.writing() as connection:
            assert await first_time(connection, "event", NOW)
    assert [record.message for record in caplog.records] == [
        "the database cannot be used",
        "the database can be used again",
    ]


async def test_an_error_of_our_own_is_no_outage(store: Store) -> None:
    with pytest.raises(DBAPIError):
        async with store.writing() as connection:
            await connection.execute(sa.text("SELECT * FROM nothing_of_that_name"))
    assert store.availability.reason is None


async def test_a_reader_waits_for_no_writer(store: Store) -> None:
    async with asyncio.timeout(LIMIT_S), store.writing() as writing:
        await first_time(writing, "event", NOW)
        async with store.reading() as reading:
            assert await recent_hosts(reading, "T", "U") == ()
