"""PostgreSQL connections that end when the server stays silent for too long.

A server that is paused, or behind a network that drops packets, keeps its connections open and
never answers, and its own time-outs do not run then. A task that is cancelled inside a query would
wait for the server once more, because psycopg first asks it to cancel.

psycopg documents no limit for a silent server (`connect_timeout` ends with the connection,
`tcp_user_timeout` does not run while the peer's kernel acknowledges, `statement_timeout` is the
server's own). `Connection.wait` and `psycopg.waiting.wait_async`, which are used here, have names
and docstrings but no page, so psycopg is held to its minor version; the tests that stop a server
fail if either changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.waiting import wait_async
from sqlalchemy import Engine, event

T = TypeVar("T")
Limit = Callable[[], float]
CONNECT_S, _SHORTEST_CONNECT_S = 5, 2
_EVERY_S = 0.1


def within_silence_limit(
    steps: Generator[Any, Any, T], connection: psycopg.pq.abc.PGconn, limit: Limit
) -> Generator[Any, Any, T]:
    """Run the steps of a query, but end them after `limit` seconds of silence."""
    try:
        wanted, since = next(steps), monotonic()
        while True:
            ready = yield wanted
            if ready:
                since = monotonic()
            elif monotonic() - since > limit():
                connection.finish()
                raise psycopg.OperationalError("the server does not answer")
            wanted = steps.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result


def connect_with_silence_limit(limit: Limit) -> Callable[..., Any]:
    """Make the connect function of an asynchronous engine; its connections have the limit."""

    class LimitedConnection(psycopg.AsyncConnection[Any]):
        async def wait(
            self,
            gen: Generator[Any, Any, T],
            interval: float = _EVERY_S,
            timeout: float | None = None,  # noqa: ASYNC109 -- psycopg defines the signature
        ) -> T:
            if timeout is not None:
                return await super().wait(gen, interval, timeout)
            steps = within_silence_limit(gen, self.pgconn, limit)
            try:
                return await wait_async(steps, self.pgconn.socket, interval=interval)
            except asyncio.CancelledError:
                if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                    self.pgconn.finish()
                raise

    async def connect(*words: Any, **options: Any) -> Any:  # noqa: ANN401 -- the driver's own arguments
        return await LimitedConnection.connect(*words, **(options | _connect_timeout(limit)))

    return connect


def _connect_timeout(limit: Limit) -> dict[str, int]:
    """The driver's connect time-out in seconds; psycopg does not go below two."""
    return {"connect_timeout": max(_SHORTEST_CONNECT_S, min(CONNECT_S, int(limit())))}


def limit_silence(engine: Engine, limit: Limit) -> None:
    """Give the connections of a synchronous engine the same limit."""

    class LimitedConnection(psycopg.Connection[Any]):
        def wait(
            self,
            gen: Generator[Any, Any, T],
            interval: float = _EVERY_S,
            timeout: float | None = None,
        ) -> T:
            if timeout is not None:
                return super().wait(gen, interval, timeout)
            return super().wait(within_silence_limit(gen, self.pgconn, limit), interval)

    def connect(_dialect: Any, _record: Any, words: Any, options: Any) -> Any:  # noqa: ANN401 -- SQLAlchemy's event
        return LimitedConnection.connect(*words, **(options | _connect_timeout(limit)))

    event.listen(engine, "do_connect", connect)
