"""`appgw db upgrade|export|purge`: the bot's database from a terminal.

Exit status 2 when the database cannot be used. With SQLite the bot must be stopped first, because
only one process may use the file.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bot.terminal.complaint import usage_error

_SETTINGS_FILE = Path("appgw.yaml")


def upgrade(_given: Namespace) -> int:
    """Upgrade the database's schema; `appgw serve` does this at start."""
    from bot.store import upgrade as upgrade_store  # noqa: PLC0415 -- the database is imported here only

    return _with_database(
        lambda url: sys.stdout.write(f"schema {upgrade_store(url)} in {_named(url)}\n")
    )


def export(_given: Namespace) -> int:
    """Print every row as one JSON object a line."""
    from bot.store import export as export_store  # noqa: PLC0415 -- the database is imported here only

    return _with_database(
        lambda url: sys.stdout.writelines(f"{line}\n" for line in export_store(url))
    )


def purge(_given: Namespace) -> int:
    """Delete what is older than it is kept; `appgw serve` does so every day."""
    from bot.store import purge as purge_store  # noqa: PLC0415 -- the database is imported here only

    def work(url: str) -> None:
        for table, rows in purge_store(url, datetime.now(tz=UTC)).items():
            sys.stdout.write(f"{table}: {rows} deleted\n")

    return _with_database(work)


def _named(url: str) -> str:
    """The database for users: its file, or its name and host, never its password."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415 -- the database is imported here only

    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        return str(Path(parts.database or "").resolve())
    host = parts.host or parts.query.get("host") or "this machine"
    return f"the database {parts.database} on {host}"


def _with_database(work: Callable[[str], object]) -> int:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 -- the database is imported here only

    from bot.settings import SettingsError, load_database_settings  # noqa: PLC0415 -- late, so that the program starts fast
    from bot.store import SchemaUnknown, StoreLocked, UnusableDatabase  # noqa: PLC0415 -- the database is imported here only

    try:
        work(load_database_settings(os.environ, _SETTINGS_FILE).database_url)
    except (SettingsError, SchemaUnknown, StoreLocked, UnusableDatabase) as error:
        return usage_error(str(error))
    except SQLAlchemyError as error:
        return usage_error(
            f"the database cannot be opened ({type(error).__name__}); check "
            "APPGW_DATABASE_URL and APPGW_DATA_DIR, "
            "for example APPGW_DATA_DIR=/data on a disk that can be written."
        )
    return 0
