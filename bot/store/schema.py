"""Migrates the schema with Alembic: one line of migrations for both dialects."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, inspect, text

log = logging.getLogger(__name__)

_MIGRATIONS = Path(__file__).with_name("migrations")
_REVISION_TABLE = "alembic_version"
# any number that no other code uses as an advisory lock; the bytes spell "appg"
_UPGRADE_LOCK = 0x61707067
_LONGEST_SHOWN = 60
_OWN_DATABASE = (
    "give appgw a database of its own, for example "
    "APPGW_DATABASE_URL=sqlite:////data/appgw.sqlite3."
)


class SchemaUnknown(Exception):
    """The database was written by a newer version of the bot, or by another program.

    The text is one sentence that says what to do.
    """


def upgrade_connection(connection: Connection, wait_s: float) -> str:
    """Migrate the schema inside the caller's transaction and return its revision.

    Replicas that start at the same time wait for each other, at most `wait_s` seconds.

    Raises:
        SchemaUnknown: the database is newer than this code, or another program's.
        OperationalError: with the SQLSTATE `lock_not_available`, when the wait was too long.
    """
    if connection.dialect.name == "postgresql":
        _wait_for_other_upgrades(connection, wait_s)
    current = current_revision(connection)
    head = _revisions()[-1]
    if current != head:
        _upgrade(connection)
    return head


def _wait_for_other_upgrades(connection: Connection, wait_s: float) -> None:
    lock, key = "SELECT pg_{}advisory_xact_lock(:key)", {"key": _UPGRADE_LOCK}
    if connection.scalar(text(lock.format("try_")), key):
        return
    log.warning("another process upgrades the database: waiting up to %.0f s for it", wait_s)
    limit = text("SELECT set_config('lock_timeout', :milliseconds, true)")
    connection.execute(limit, {"milliseconds": f"{wait_s * 1000:.0f}"})
    connection.execute(text(lock.format("")), key)
    connection.execute(limit, {"milliseconds": "0"})


def current_revision(connection: Connection) -> str:
    """The revision of a database's schema; empty for an empty database.

    Raises:
        SchemaUnknown: as `upgrade_connection`. A PostgreSQL database may hold other tables.
    """
    names = inspect(connection).get_table_names()
    query = text(f"SELECT version_num FROM {_REVISION_TABLE}")  # noqa: S608 -- a constant
    found = connection.scalars(query).all() if _REVISION_TABLE in names else []
    current = " and ".join(map(str, found))[:_LONGEST_SHOWN]
    if current and current not in _revisions():
        raise SchemaUnknown(
            f"The database has schema {current}, which this version does not know: run the "
            "newer version of appgw that wrote it, or restore the backup made before the upgrade; "
            f"if another program wrote it, {_OWN_DATABASE}"
        )
    if not current and connection.dialect.name == "sqlite":
        refuse_other_tables(names)
    return current


def refuse_other_tables(names: Collection[str]) -> None:
    """Refuse a SQLite file that has tables, and none that the bot makes first.

    Raises:
        SchemaUnknown: another program has made it.
    """
    if names and _REVISION_TABLE not in names:
        raise SchemaUnknown(f"The database holds the tables of another program: {_OWN_DATABASE}")


def _revisions() -> tuple[str, ...]:
    """The revisions that this version knows, oldest first, taken from the files' names.

    Alembic could read them, but it is not imported when there is nothing to migrate: that saves 11
    MB and a twentieth of the start time.
    """
    files = (_MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return tuple(sorted(file.name.split("_")[0] for file in files))


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 -- only imported for a migration
    from alembic.config import Config  # noqa: PLC0415 -- the same

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
