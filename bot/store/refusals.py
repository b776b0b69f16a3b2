"""Why a database cannot be used: the errors of opening it, each one sentence with an example."""

from __future__ import annotations

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

_LONGEST_REASON = 300
_DISK = (
    "check APPGW_DATABASE_URL and APPGW_DATA_DIR, "
    "for example APPGW_DATA_DIR=/data on a disk that can be written."
)
_RESTORE = (
    "restore a backup in its place, or name another file, for example "
    "APPGW_DATABASE_URL=sqlite:////data/appgw.sqlite3."
)
_SQLITE_REMEDIES = {
    "malformed": _RESTORE,
    "not a database": _RESTORE,
    "not a regular file": _RESTORE.partition(", or ")[2],
    "is locked": "another program holds it: end that program, for example a backup, and try again.",
}


class UnusableDatabase(Exception):
    """The database URL is invalid, or its database cannot be opened.

    The text is one sentence with an example.
    """


class StoreLocked(Exception):
    """Another process uses this SQLite file; the text is one sentence that says what to do."""


def unusable_after(parsed: URL, error: SQLAlchemyError) -> UnusableDatabase:
    """As `unusable`, with the driver's message."""
    return unusable(parsed, str(getattr(error, "orig", None) or error))


def unusable(parsed: URL, reason: str) -> UnusableDatabase:
    """The error for an unusable database: its URL without password and the driver's message."""
    # The query part may contain a password too, which `hide_password` does not remove.
    shown = parsed.set(drivername=parsed.get_backend_name(), query={}).render_as_string(
        hide_password=True
    )
    lines = [line.strip() for line in reason.splitlines() if line.strip()] or ["no reason given"]
    return UnusableDatabase(
        f"The database {shown} cannot be opened: {lines[0].rstrip('.')[:_LONGEST_REASON]}; "
        f"{_remedy(parsed, reason)}"
    )


def _remedy(parsed: URL, reason: str) -> str:
    if parsed.get_backend_name() != "sqlite":
        return (
            "check server, database, user, password and rights in APPGW_DATABASE_URL, for example "
            "postgresql://user@host:5432/appgw."
        )
    found = (remedy for words, remedy in _SQLITE_REMEDIES.items() if words in reason)
    return next(found, _DISK)
