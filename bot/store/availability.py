"""Which database errors mean an outage, whether there is one now, and since when.

Errors of queries and results of the monitor's own check are kept in one object, so that an outage
is logged once, queries during it fail at once, and `/readyz` and `doctor` can report it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.domain.outage import DatabaseUnavailable

log = logging.getLogger(__name__)

# The second limit is longer than a paused replica can hold a lock
# (`idle_in_transaction_session_timeout`).
MIGRATION_S, SILENCE_S, SILENCE_IN_OUTAGE_S = 300.0, 12.0, 2.0
UNANSWERED = "the database does not answer"
FULL = "the disk of the database is full"
READ_ONLY = "the database is read-only"
_READABLE = frozenset({FULL, READ_ONLY})
FAILING = "the disk of the database reports errors"

# https://www.sqlite.org/rescode.html: PERM, BUSY, LOCKED, NOMEM, CORRUPT, CANTOPEN,
# PROTOCOL, NOLFS, AUTH, NOTADB
_SQLITE_UNANSWERED = frozenset({3, 5, 6, 7, 11, 14, 15, 22, 23, 26})
_SQLITE_FULL, _SQLITE_READ_ONLY, _SQLITE_IO_ERROR = 13, 8, 10
# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection, authorisation, unknown
# database, resources, operator, system, configuration file, internal
_POSTGRESQL_UNANSWERED = frozenset({"08", "28", "3D", "53", "57", "58", "F0", "XX"})
_POSTGRESQL_FULL, _POSTGRESQL_READ_ONLY = "53100", "25006"


def outage_of(error: BaseException) -> str | None:
    """What is wrong with the database; `None` when the error is a bug of our own."""
    if isinstance(error, PoolTimeout):
        return UNANSWERED
    if not isinstance(error, DBAPIError):
        return None
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return _of_sqlite(code & 0xFF)
    if isinstance(error.orig, psycopg.Error):
        return _of_postgresql(error, error.orig.sqlstate)
    return UNANSWERED if error.connection_invalidated else None


def _of_sqlite(code: int) -> str | None:
    known = {_SQLITE_FULL: FULL, _SQLITE_READ_ONLY: READ_ONLY, _SQLITE_IO_ERROR: FAILING}
    return known.get(code, UNANSWERED if code in _SQLITE_UNANSWERED else None)


def _of_postgresql(error: DBAPIError, state: str | None) -> str | None:
    if state == _POSTGRESQL_FULL:
        return FULL
    if state == _POSTGRESQL_READ_ONLY:
        return READ_ONLY
    lost = isinstance(error, OperationalError | InterfaceError | InternalError) and state is None
    broken = error.connection_invalidated or lost or (state or "")[:2] in _POSTGRESQL_UNANSWERED
    return UNANSWERED if broken else None


@dataclass(slots=True)
class Availability:
    """Whether the database can be used now.

    Attributes:
        reason: what is wrong; `None` while it works.
        monitored: a monitor checks whether it works again, so queries may fail at once.
        started: migrations have ended, so no statement takes long.
        now: returns monotonic seconds.
    """

    reason: str | None = None
    monitored: bool = False
    started: bool = False
    now: Callable[[], float] = monotonic
    _since: float = 0.0
    _in_writing: bool = False

    @property
    def writes_failed(self) -> bool:
        """Whether a write failed, so that only a successful write ends the outage."""
        return self.reason is not None and self._in_writing

    def patience(self) -> float:
        """How many seconds a server may stay silent while a statement runs."""
        if not self.started:
            return MIGRATION_S
        return SILENCE_IN_OUTAGE_S if self.reason == UNANSWERED else SILENCE_S

    def failed(self, reason: str, *, writing: bool, detail: str = "") -> None:
        """Record an outage; only its beginning is logged."""
        if self.reason is None:
            self._since, self._in_writing = self.now(), writing
            log.error("the database cannot be used", extra={"reason": reason, "detail": detail})
        self.reason = reason

    def works(self) -> None:
        """Record that the database works again, and log how long the outage lasted."""
        if self.reason is not None:
            seconds = round(self.now() - self._since)
            log.warning("the database can be used again", extra={"after_s": seconds})
        self.reason = None

    @contextmanager
    def watching(self, *, writing: bool) -> Iterator[None]:
        """Turn errors that mean an outage into `DatabaseUnavailable`.

        Raises:
            DatabaseUnavailable: at once during a monitored outage; a full or read-only database can
                still be read.
        """
        if self.monitored and self.reason is not None and (writing or self.reason not in _READABLE):
            raise DatabaseUnavailable(self.reason, writing=writing)
        try:
            yield
        except (DBAPIError, PoolTimeout) as error:
            reason = outage_of(error)
            if reason is None:
                raise
            self.failed(reason, writing=writing, detail=first_line(error))
            raise DatabaseUnavailable(reason, writing=writing) from error


def first_line(error: BaseException) -> str:
    """The driver's message without the statement and its values."""
    said = str(getattr(error, "orig", None) or error).strip()
    return (said.splitlines() or [type(error).__name__])[0][:300]
