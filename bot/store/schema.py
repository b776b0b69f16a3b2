"""The schema's history: one Alembic line for both dialects, packaged beside this file."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

_MIGRATIONS = Path(__file__).with_name("migrations")
_REVISION_TABLE = "alembic_version"
_UPGRADE_LOCK = 0x61707067  # an arbitrary lock key that nothing else uses; this one spells "appg"


class SchemaNewer(Exception):
    """The database was written by a newer version of the bot.

    The text is one sentence that says what to do.
    """


def upgrade_connection(connection: Connection) -> str:
    """Bring the schema up to date inside a caller's transaction and return its revision.

    Replicas that start together wait.

    Raises:
        SchemaNewer: it is ahead of this code.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
    current = current_revision(connection)
    if current and current not in _revisions():
        raise SchemaNewer(
            f"The database has schema {current}, which this version does not know: run the "
            "newer version of appgw that wrote it, "
            "or restore the backup made before the upgrade."
        )
    head = _revisions()[-1]
    if current != head:
        _upgrade(connection)
    return head


def current_revision(connection: Connection) -> str:
    """The revision that a database has, empty for an empty database."""
    if not inspect(connection).has_table(_REVISION_TABLE):
        return ""
    return connection.scalar(text(f"SELECT version_num FROM {_REVISION_TABLE}")) or ""  # noqa: S608 -- a constant


def _revisions() -> tuple[str, ...]:
    """What this version knows, oldest first: the numbers with which the files' names begin.

    Alembic would read them from the files; it is not imported where nothing is to be upgraded,
    which saves 11 MB and a twentieth of the start.
    """
    files = (_MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return tuple(sorted(file.name.split("_")[0] for file in files))


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 -- only where something is to be upgraded
    from alembic.config import Config  # noqa: PLC0415 -- the same

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
