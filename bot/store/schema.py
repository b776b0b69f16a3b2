"""Migrates the schema with Alembic: one line of migrations for both dialects."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

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


def upgrade_connection(connection: Connection) -> str:
    """Migrate the schema inside the caller's transaction and return its revision.

    Replicas that start at the same time wait for each other.

    Raises:
        SchemaUnknown: the database is newer than this code, or another program's.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
    current = current_revision(connection)
    head = _revisions()[-1]
    if current != head:
        _upgrade(connection)
    return head


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
    if not current and set(names) - {_REVISION_TABLE} and connection.dialect.name == "sqlite":
        raise SchemaUnknown(f"The database holds the tables of another program: {_OWN_DATABASE}")
    return current


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
