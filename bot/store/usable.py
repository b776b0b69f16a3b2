"""Tests whether the database can be used, without changing it; for `appgw doctor`."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from bot.store.database import Store, parse_url, unusable

_CONNECT_S = 3
_MIN_FREE = 1024 * 1024
_SQLITE = f"SQLite {sqlite3.sqlite_version}"


def check_database(url: str) -> str:
    """Describe the database and its state, without its password.

    Blocks for a few seconds at most.

    Raises:
        UnusableDatabase: it cannot be opened; the text is one sentence.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _file(Path(parsed.database or ""))
    engine = create_engine(parsed, connect_args={"connect_timeout": _CONNECT_S})
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        raise unusable(parsed, str(getattr(error, "orig", None) or error)) from error
    finally:
        engine.dispose()
    return "PostgreSQL answers."


def _file(file: Path) -> str:
    if not file.exists():
        folder = next(one for one in file.absolute().parents if one.exists())
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise unusable(
                URL.create("sqlite", database=str(file)),
                f"{folder} is not a folder that can be written",
            )
        return f"{_SQLITE}; {file} is made at the first start."
    try:
        with closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=_CONNECT_S)
        ) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise unusable(URL.create("sqlite", database=str(file)), str(error)) from error
    if reason := _unwritable(file):
        raise unusable(URL.create("sqlite", database=str(file)), reason)
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
