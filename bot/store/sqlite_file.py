"""The SQLite file of the bot: private, locked by one process, and never another program's."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import URL

from bot.store.refusals import StoreLocked, unusable
from bot.store.schema import refuse_other_tables

_OWN_FILE, _OWN_FOLDER = 0o600, 0o700


def lock(file: Path) -> int:
    """Lock a database's file until the process ends; the system frees the lock after a crash too.

    Returns the handle of the lock file, which the caller closes.

    Raises:
        UnusableDatabase: it cannot be a database.
        StoreLocked: another process has it.
        SchemaUnknown: it holds tables, and none of the bot.
    """
    try:
        check_kind(file)
        _refuse_another_program_s(file)
        _keep_private(file)
        handle = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWN_FILE)
    except OSError as error:
        raise unusable(
            URL.create("sqlite", database=str(file)), os.strerror(error.errno or 0)
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise StoreLocked(
            f"Another process has {file}: stop it, or use PostgreSQL for several "
            "(APPGW_DATABASE_URL=postgresql://user@host/appgw)."
        ) from error
    return handle


def check_kind(file: Path) -> None:
    """Refuse a folder, a pipe or a device, which keeps its mode and may never end.

    Raises:
        UnusableDatabase: it is no regular file.
        OSError: its name cannot be used.
    """
    if file.exists() and not file.is_file():
        reason = os.strerror(errno.EISDIR) if file.is_dir() else "it is not a regular file"
        raise unusable(URL.create("sqlite", database=str(file)), reason)


def _refuse_another_program_s(file: Path) -> None:
    """Refuse another program's database before anything of it is changed.

    What cannot be read here is refused later, with SQLite's own reason.

    Raises:
        SchemaUnknown: it holds tables, and none of the bot.
    """
    with suppress(sqlite3.Error), closing(_read_only(file)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        refuse_other_tables([name for (name,) in rows])


def _read_only(file: Path) -> sqlite3.Connection:
    """A connection that writes nothing, no `-shm` file either; a file that is absent fails."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _keep_private(file: Path) -> None:
    """Make the database readable for its owner alone, whatever the umask.

    SQLite gives its additional files the mode of the database. A folder that holds other files
    keeps its mode.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=_OWN_FOLDER)
    folder = file.parent.stat()
    ours = all(one.name.startswith(file.name) for one in file.parent.iterdir())
    if ours and folder.st_uid == os.geteuid():
        file.parent.chmod(_OWN_FOLDER)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWN_FILE))
    for one in (file, *(Path(f"{file}{end}") for end in ("-wal", "-shm", ".lock"))):
        if one.exists() and one.stat().st_uid == os.geteuid():
            one.chmod(_OWN_FILE)
