"""`unixepoch('subsec')` for a SQLite library that does not know it yet.

DBOS's schema for SQLite fills columns with it from Python 3.12 on, whatever the interpreter links,
and a library before 3.42 answers NULL. So every connection that writes DBOS's tables gets the
function: the engine's own, and the store's, whose transactions enqueue workflows.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

_SINCE = (3, 42, 0)  # https://www.sqlite.org/releaselog/3_42_0.html


def add_unixepoch(connection: Any) -> None:  # noqa: ANN401 -- connections of two drivers
    """Give the connection the function where its library lacks it."""
    if sqlite3.sqlite_version_info < _SINCE:
        connection.create_function("unixepoch", 1, unixepoch)


def unixepoch(modifier: str) -> float:
    """Seconds since 1970, with milliseconds where they are asked for.

    Raises:
        ValueError: anything but the present instant, which DBOS does not ask for.
    """
    if modifier in {"subsec", "subsecond"}:
        return round(time.time(), 3)
    if modifier == "now":
        return int(time.time())
    raise ValueError(f"unixepoch({modifier!r}) is not known here")
