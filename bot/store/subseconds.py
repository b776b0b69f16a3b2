"""Adds the SQL function `unixepoch('subsec')` to SQLite libraries that lack it.

From Python 3.12 on, DBOS's SQLite schema fills columns with it, whichever SQLite library Python
uses, and a library before 3.42 answers NULL. Every connection that writes DBOS's tables gets the
function: those of DBOS itself, and those of the store, whose transactions enqueue workflows.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

_SINCE = (3, 42, 0)  # https://www.sqlite.org/releaselog/3_42_0.html


def add_unixepoch(connection: Any) -> None:  # noqa: ANN401 -- connections of two drivers
    """Define the function on the connection if its library lacks it."""
    if sqlite3.sqlite_version_info < _SINCE:
        connection.create_function("unixepoch", 1, unixepoch)


def unixepoch(modifier: str) -> float:
    """Seconds since 1970, with milliseconds for the modifier `subsec`.

    Raises:
        ValueError: the arguments ask for another instant than the present, which DBOS does not.
    """
    if modifier in {"subsec", "subsecond"}:
        return round(time.time(), 3)
    if modifier == "now":
        return int(time.time())
    raise ValueError(f"unixepoch({modifier!r}) is not known here")
