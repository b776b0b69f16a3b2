"""The schema's history: one Alembic line for both dialects, packaged beside this file."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

_MIGRATIONS = Path(__file__).with_name("migrations")
_UPGRADE_LOCK = 0x61707067  # any number that nobody else takes; this one spells "appg"


class SchemaNewer(Exception):
    """The database was written by a newer version of the bot.

    The text is one sentence with the way out.
    """


def upgrade_connection(connection: Connection) -> str:
    """Bring the schema up to date inside a caller's transaction and return its revision.

    Replicas that start together wait.

    Raises:
        SchemaNewer: it is ahead of this code.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    current = current_revision(connection)
    if current and current not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaNewer(
            f"The database has schema {current}, which this version does not know: run the "
            "newer version of appgw that wrote it, "
            "or restore the backup made before the upgrade."
        )
    head = scripts.get_current_head() or ""
    if current != head:
        command.upgrade(config, "head")
    return head


def current_revision(connection: Connection) -> str:
    """The revision that a database has, empty for an empty database."""
    return MigrationContext.configure(connection).get_current_revision() or ""
