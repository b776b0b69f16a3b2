"""PostgreSQL connections that end when the server says nothing, instead of waiting for ever.

A server that is frozen, or behind a network that drops packets, keeps its connections open and
never answers; no timeout of its own runs then. And a task that is cancelled inside a query would
wait for the server once more (psycopg asks it to cancel first).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.waiting import Ready, wait_async
from sqlalchemy import Engine, event

T = TypeVar("T")
Limit = Callable[[], float]
CONNECT_S, _SHORTEST_CONNECT_S = 5, 2
_EVERY_S = 0.1


def impatient(
    steps: Generator[Any, Any, T], connection: psycopg.pq.abc.PGconn, limit: Limit
) -> Generator[Any, Any, T]:
    """The same steps of a query, ended once the server has said nothing for too long."""
    try:
        wanted, since = next(steps), monotonic()
        while True:
            ready = yield wanted
            if ready != Ready.NONE:
                since = monotonic()
            elif monotonic() - since > limit():
                connection.finish()
                raise psycopg.OperationalError("the server does not answer")
            wanted = steps.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result


def connect_impatiently(limit: Limit) -> Callable[..., Any]:
    """What opens asynchronous connections that end as described above."""

    class Impatient(psycopg.AsyncConnection[Any]):
        async def wait(
            self,
            gen: Generator[Any, Any, T],
            interval: float = _EVERY_S,
            timeout: float | None = None,  # noqa: ASYNC109 -- the method's own signature
        ) -> T:
            if timeout is not None:
                return await super().wait(gen, interval, timeout)
            steps = impatient(gen, self.pgconn, limit)
            try:
                return await wait_async(steps, self.pgconn.socket, interval=interval)
            except asyncio.CancelledError:
                if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                    self.pgconn.finish()
                raise

    async def connect(*words: Any, **options: Any) -> Any:  # noqa: ANN401 -- the driver's own arguments
        return await Impatient.connect(*words, **(options | _connect_timeout(limit)))

    return connect


def _connect_timeout(limit: Limit) -> dict[str, int]:
    """The driver's seconds for connecting, of which it grants two at least."""
    return {"connect_timeout": max(_SHORTEST_CONNECT_S, min(CONNECT_S, int(limit())))}


def make_impatient(engine: Engine, limit: Limit) -> None:
    """The same for an engine that blocks."""

    class Impatient(psycopg.Connection[Any]):
        def wait(
            self,
            gen: Generator[Any, Any, T],
            interval: float = _EVERY_S,
            timeout: float | None = None,
        ) -> T:
            if timeout is not None:
                return super().wait(gen, interval, timeout)
            return super().wait(impatient(gen, self.pgconn, limit), interval)

    def connect(_dialect: Any, _record: Any, words: Any, options: Any) -> Any:  # noqa: ANN401 -- SQLAlchemy's event
        return Impatient.connect(*words, **(options | _connect_timeout(limit)))

    event.listen(engine, "do_connect", connect)
