"""One schema history for both databases, held by one process where the database is a file."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.store import (
    SchemaUnknown,
    Store,
    StoreLocked,
    UnusableDatabase,
    export,
    open_store,
    purge,
    schema,
    tables,
    upgrade,
)
from bot.store.database import open_sync, opened
from tests.support.databases import fresh_database
from tests.support.following import NOW


def test_migrations_lead_to_the_tables(url: str) -> None:
    """What the history builds is what the code reads and writes."""
    upgrade(url)
    engine = open_sync(url, lambda: 12.0)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_upgrade_twice_is_upgrade_once(url: str) -> None:
    assert upgrade(url) == upgrade(url) == "0003"


def test_known_revisions_are_those_of_alembic() -> None:
    """They are read from the names of files, so that Alembic is seldom imported."""
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert schema._revisions() == tuple(script.revision for script in scripts)[::-1]


def test_newer_schema_is_refused_with_a_way_out(url: str) -> None:
    upgrade(url)
    engine = open_sync(url, lambda: 12.0)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SchemaUnknown, match=r"schema 9999.*newer version"):
        open_store(url)


def test_second_process_on_one_file_is_refused(tmp_path: Path) -> None:
    with (
        fresh_database("sqlite", tmp_path) as url,
        opened(url),
        pytest.raises(StoreLocked, match="PostgreSQL"),
    ):
        open_store(url)


@pytest.mark.postgres
def test_upgrade_that_does_not_end_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        fresh_database("postgresql", tmp_path) as url,
        opened(url) as other,
        other.sync_engine.connect() as connection,
    ):
        lock = sa.text("SELECT pg_advisory_lock(:key)")
        connection.execute(lock, {"key": schema._UPGRADE_LOCK})
        with pytest.raises(StoreLocked, match="upgrading the database for 1 seconds"):
            open_store(url, upgrade_wait_s=1)
    assert "another process upgrades the database" in caplog.text


def test_lock_is_given_back(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        assert [upgrade(url) for _ in range(2)] == ["0003", "0003"]


@pytest.mark.parametrize("url", ["mysql://h/x", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_unusable_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(UnusableDatabase, match="sqlite:////data"):
        open_store(url)


PRAGMAS = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")


@pytest.mark.smoke
def test_sqlite_file_is_as_safe_as_possible(tmp_path: Path) -> None:
    with (
        fresh_database("sqlite", tmp_path) as url,
        opened(url) as store,
        store.sync_engine.connect() as connection,
    ):
        found = [connection.execute(sa.text(f"PRAGMA {one}")).scalar_one() for one in PRAGMAS]
        assert found == asyncio.run(_read_in_loop(store)) == ["wal", 2, 30_000, 1]


async def _read_in_loop(store: Store) -> list[object]:
    """The same pragmas, on a connection of the event loop."""
    async with store.reading() as connection:
        found = [(await connection.execute(sa.text(f"PRAGMA {one}"))).scalar() for one in PRAGMAS]
    await store.engine.dispose()
    return found


def test_naive_instant_is_refused(ready_url: str) -> None:
    with (
        opened(ready_url) as store,
        store.sync_engine.connect() as connection,
        pytest.raises(sa.exc.StatementError, match="naive"),
    ):
        connection.execute(sa.insert(tables.processed).values(id="e", at=NOW.replace(tzinfo=None)))


def test_instants_come_back_aware_and_utc(ready_url: str) -> None:
    with opened(ready_url) as store, store.sync_engine.begin() as connection:
        connection.execute(sa.insert(tables.processed).values(id="e", at=NOW.astimezone()))
        read = connection.execute(sa.select(tables.processed.c.at)).scalar_one()
    assert (read, read.tzinfo) == (NOW, UTC)


def test_export_is_a_json_object_a_line(ready_url: str) -> None:
    with opened(ready_url) as store, store.sync_engine.begin() as connection:
        row = {
            "sha256": "a",
            "subject": "CN=x",
            "key_id": "",
            "der": b"\1",
            "source": "s",
            "seen_at": NOW,
        }
        connection.execute(sa.insert(tables.learnt_intermediate).values(row))
    (line,) = export(ready_url)
    assert json.loads(line) == {
        "table": "learnt_intermediate",
        "row": {
            "sha256": "a",
            "subject": "CN=x",
            "key_id": "",
            "der": "AQ==",
            "source": "s",
            "seen_at": "2026-11-23T09:00:00+00:00",
        },
    }


def _store_old_rows(url: str) -> None:
    """Three digests of 200 days ago, two of one subscription, and rows of other tables."""
    old = NOW - timedelta(days=200)
    run = {
        "subscription": 1,
        "team": "T1",
        "channel": "C1",
        "target_key": "g",
        "state": "done",
        "check": "",
        "outcome": "sent",
        "claimed_at": old,
        "finished_at": old,
    }
    with opened(url) as store, store.sync_engine.begin() as connection:
        rows = [
            run | {"id": name, "due_at": old + timedelta(days=n)} for n, name in enumerate("ab")
        ]
        rows.append(run | {"id": "c", "due_at": old, "subscription": 2})
        followed = {
            "id": 1,
            "team": "T1",
            "channel": "C1",
            "target_key": "g",
            "next_run_at": NOW,
            "rev": 1,
            "body": {},
        }
        connection.execute(sa.insert(tables.subscription), [followed])
        connection.execute(sa.insert(tables.digest_run), rows)
        planned = {
            "channel": "C1",
            "state": "sent",
            "attempts": 1,
            "owner": "",
            "epoch": 1,
            "doubtful": False,
            "planned_at": old,
        }
        connection.execute(sa.insert(tables.delivery), [planned | {"id": name} for name in "abc"])
        connection.execute(
            sa.insert(tables.processed), [{"id": "old", "at": old}, {"id": "new", "at": NOW}]
        )
        connection.execute(
            sa.insert(tables.expiry_sample), [{"key": "k", "day": "2020-01-01", "not_after": NOW}]
        )


def test_purge_by_age_keeps_the_last_digest(ready_url: str) -> None:
    _store_old_rows(ready_url)
    deleted = purge(ready_url, NOW)
    assert {name: count for name, count in deleted.items() if count} == {
        "digest_run": 2,
        "delivery": 2,
        "processed": 1,
        "expiry_sample": 1,
    }
    assert [json.loads(line)["row"]["id"] for line in export(ready_url)] == ["b", "b", "new", 1]


def test_every_purged_table_has_an_age(ready_url: str) -> None:
    assert set(purge(ready_url, datetime.now(UTC)).values()) == {0}


@pytest.mark.smoke
@pytest.mark.may_block
async def test_every_connection_counts_milliseconds(tmp_path: Path) -> None:
    """DBOS's tables ask SQLite for them from Python 3.12 on, and an older library answers NULL."""
    seconds = sa.text("SELECT unixepoch('subsec')")
    with fresh_database("sqlite", tmp_path) as url, opened(url) as store:
        with store.sync_engine.connect() as connection:
            found = [connection.execute(seconds).scalar_one()]
        async with store.engine.connect() as waiting:
            found.append((await waiting.execute(seconds)).scalar_one())
        await store.engine.dispose()
    assert all(one and abs(one - datetime.now(tz=UTC).timestamp()) < 3600 for one in found)
