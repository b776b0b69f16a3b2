"""Tests whether the database can be used, without changing it; for `appgw doctor`."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from bot.store.database import POSTGRESQL, Store, parse_url
from bot.store.refusals import unusable, unusable_after
from bot.store.schema import current_revision
from bot.store.sqlite_file import check_kind

_CONNECT_S = 3
_MIN_FREE = 1024 * 1024
_SQLITE = f"SQLite {sqlite3.sqlite_version}"


def check_database(url: str) -> str:
    """Describe the database and its state, without its password.

    Blocks for a few seconds at most.

    Raises:
        UnusableDatabase: it cannot be opened; the text is one sentence.
        SchemaUnknown: a newer version of the bot, or another program, has written it.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        try:
            return _file(Path(parsed.database or ""))
        except OSError as error:  # a name too long, a working directory that was deleted
            raise unusable(parsed, os.strerror(error.errno or 0)) from error
    arguments = {**POSTGRESQL["connect_args"], "connect_timeout": _CONNECT_S}
    _read(parsed, lambda: create_engine(parsed, connect_args=arguments))
    return "PostgreSQL answers."


def _read(parsed: URL, make_engine: Callable[[], Engine]) -> None:
    """Read the schema's revision, and whether a missing schema can be made."""
    try:
        engine = make_engine()
        try:
            with engine.connect() as connection:
                if not current_revision(connection) and engine.dialect.name == "postgresql":
                    _check_rights(parsed, connection)
        finally:
            engine.dispose()
    except SQLAlchemyError as error:
        raise unusable_after(parsed, error) from error


def _check_rights(parsed: URL, connection: Connection) -> None:
    query = "SELECT current_schema(), has_schema_privilege(current_schema(), 'CREATE')"
    schema, may_create = connection.execute(text(query)).one()
    if not may_create:
        raise unusable(
            parsed, f"its user may not create tables in the schema {schema or 'of its search_path'}"
        )


def _file(file: Path) -> str:
    url = URL.create("sqlite", database=str(file))
    check_kind(file)
    if not file.exists():
        folder = next(one for one in file.absolute().parents if one.exists())
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise unusable(url, f"{folder} is not a folder that can be written")
        return f"{_SQLITE}; {file} is made at the first start."
    read_only = f"{file.absolute().as_uri()}?mode=ro"
    connect = partial(sqlite3.connect, read_only, uri=True, timeout=_CONNECT_S)
    _read(url, lambda: create_engine("sqlite://", creator=connect))
    if reason := _unwritable(file):
        raise unusable(url, reason)
    return f"{_SQLITE}, {file}{', in use by a running bot' if _held(file) else ''}."


def _unwritable(file: Path) -> str:
    """Why a file cannot be written, empty if it can; the test does not change the file."""
    try:
        disk = os.statvfs(file)
    except OSError as error:
        return os.strerror(error.errno or 0)
    if disk.f_flag & os.ST_RDONLY or not os.access(file, os.W_OK):
        return "it is read-only"
    return "its disk is full" if disk.f_bavail * disk.f_frsize < _MIN_FREE else ""


def describe(store: Store) -> str:
    """Describe an open store for users: its kind, and the version of SQLite."""
    return f"{_SQLITE}." if store.embedded else "PostgreSQL answers."


def _held(file: Path) -> bool:
    try:
        lock = os.open(f"{file}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
