"""Opens the database of the running bot, and explains why it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.domain.outage import DatabaseUnavailable
from bot.store import (
    SchemaUnknown,
    Store,
    StoreLocked,
    UnusableDatabase,
    open_store,
    outage_of,
)


class DatabaseUnusableError(Exception):
    """The database cannot be used; the text is one sentence that says what to do."""


@contextmanager
def open_database(url: str) -> Iterator[Store]:
    """Open the database. Blocks.

    Connections that an event loop used must be closed by that loop.

    Raises:
        DatabaseUnusableError: it cannot be opened, another process has it, a newer version wrote
            it, or it fails during the start.
    """
    try:
        store = open_store(url)
    except (UnusableDatabase, StoreLocked, SchemaUnknown) as error:
        raise DatabaseUnusableError(str(error)) from error
    except (SQLAlchemyError, OSError) as error:
        raise _unusable(f"cannot be opened ({type(error).__name__})") from error
    try:
        yield store
    except DatabaseUnavailable as error:
        raise _unusable(f"cannot be used: {error.reason}") from error
    except DBAPIError as error:
        if (reason := outage_of(error)) is None:
            raise
        raise _unusable(f"cannot be used: {reason}") from error


def _unusable(what: str) -> DatabaseUnusableError:
    return DatabaseUnusableError(
        f"The database {what}; check APPGW_DATABASE_URL and APPGW_DATA_DIR, "
        "for example APPGW_DATA_DIR=/data on a disk that can be written."
    )
