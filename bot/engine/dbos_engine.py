"""Everything of DBOS that the bot uses, in one place.

Launch, workflows, a step, a durable sleep, enqueue, take over, clean up.

Forbidden: a DBOS schedule per subscription (a thread each), a workflow per backend, private names,
    the enterprise add-on. The body
of a workflow stays tiny and the order of its steps stable, because old workflows meet new code:
change one by adding `digest_v2`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    EnqueueOptions,
    StepOptions,
)
from dbos._serialization import DefaultSerializer
from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import ConnectionPoolEntry

from bot.store.database import open_postgresql, parse_url
from bot.store.subseconds import add_unixepoch

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
Workflow = Callable[..., Coroutine[Any, Any, None]]

VERSION = "1"  # constant: after a change, workflows in flight would never resume
DIGESTS, CHECKS = "digests", "checks"
_NAME = "appgw-check"
_PARALLEL_CHECKS = (
    64  # most of them sleep until their next observation; `Checks` limits how many run at once
)
_PURGE_BATCH = 1_000
_LISTENER_S = 0.5  # asks the database nothing while no workflow waits; shutdown waits for this loop
_END_S = 4.0
_OURS = DBOSPortableJSONSerializer().name()
_SQLITE = ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


class Transact:
    """The launched engine of one process.

    Args:
        url: the application's own database, so that a tick is one transaction.
        limit: seconds for which a PostgreSQL may say nothing.
        replica: stable id under which this process's work is found again.
        workflows: name -> body.
        poll: seconds between two reads of a queue.
        parallel: digests under way at once.
    """

    def __init__(
        self,
        url: str,
        *,
        limit: Callable[[], float],
        replica: str,
        workflows: Mapping[str, Workflow],
        poll: float,
        parallel: int,
    ) -> None:
        self._engine = open_engine(url, limit)
        self._replica = replica
        self._workflows = workflows
        self._poll, self._parallel = poll, parallel
        self._client: DBOSClient | None = None
        self._closed = False
        self._steps, self._idle = 0, asyncio.Event()
        self._idle.set()
        self._bodies: set[asyncio.Task[Any]] = set()
        event.listen(self._engine, "checkin", self._close_late)

    async def launch(self) -> None:
        """Start; unfinished work of this replica resumes at once.

        Blocks briefly: launched inside the running loop, workflows run on that loop and may share
        its connections.
        """
        refuse_pickles()
        if cancelled := await asyncio.to_thread(cancel_foreign, self._engine):
            _LOG.error("%d workflows that this bot did not write were cancelled", cancelled)
        logging.getLogger("dbos").addHandler(
            logging.NullHandler()
        )  # a handler of its own keeps DBOS from adding a console one
        config = DBOSConfig(
            name=_NAME,
            system_database_engine=self._engine,
            system_database_url=str(self._engine.url),
            application_version=VERSION,
            executor_id=self._replica,
            log_level="WARNING",
            serializer=DBOSPortableJSONSerializer(),
            scheduler_polling_interval_sec=3600,
            notification_listener_polling_interval_sec=min(self._poll, _LISTENER_S),
        )
        DBOS(config=config)
        for name, body in self._workflows.items():
            DBOS.workflow(name=name, max_recovery_attempts=None)(self._as_function(body))
        DBOS.launch()
        await DBOS.register_queue_async(
            DIGESTS,
            partition_concurrency=1,
            worker_concurrency=self._parallel,
            polling_interval_sec=self._poll,
            on_conflict="always_update",
        )
        await DBOS.register_queue_async(
            CHECKS,
            worker_concurrency=_PARALLEL_CHECKS,
            polling_interval_sec=self._poll,
            on_conflict="always_update",
        )
        self._client = await asyncio.to_thread(self._open_client)

    def _open_client(self) -> DBOSClient:
        return DBOSClient(
            system_database_engine=self._engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=_NAME,
        )

    async def stop(self, drain: float) -> None:
        """Wait briefly for running steps, then close.

        A sleeping workflow resumes after the next start.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), drain)
        logging.getLogger("dbos").setLevel(
            logging.ERROR
        )  # it warns of each workflow that is interrupted
        for body in self._bodies:
            body.cancel()
        await asyncio.gather(*self._bodies, return_exceptions=True)
        await _bounded(self._destroy)
        # DBOS made its thread pool the loop's default one and has shut it down: what ends after it
        # still needs threads
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        self._closed = True
        self._engine.dispose()

    def _destroy(self) -> None:
        if self._client is not None:
            self._client.destroy()
        DBOS.destroy(destroy_registry=True)

    def _close_late(self, _connection: object, record: ConnectionPoolEntry) -> None:
        """Close connections that threads of DBOS still held when the pool was closed.

        Nothing else would.
        """
        if self._closed:
            record.invalidate()

    async def step(
        self, name: str, body: Callable[..., Coroutine[Any, Any, T]], *arguments: object
    ) -> T:
        """Run one step of a workflow: at least once, its result remembered."""
        self._steps += 1
        self._idle.clear()
        try:
            return await DBOS.run_step_async(StepOptions(name=name), body, *arguments)
        finally:
            self._steps -= 1
            if not self._steps:
                self._idle.set()

    def _as_function(self, body: Workflow) -> Workflow:
        """DBOS marks the function that it is given, and a bound method cannot be marked."""

        async def run(*arguments: Any) -> None:  # noqa: ANN401 -- passed through unchanged
            task = asyncio.current_task()
            assert task is not None
            self._bodies.add(task)
            task.add_done_callback(self._bodies.discard)
            await body(*arguments)

        return run

    async def enqueue(
        self,
        connection: AsyncConnection,
        queue: str,
        workflow: str,
        workflow_id: str,
        *arguments: object,
        partition: str | None = None,
    ) -> None:
        """Enqueue inside the caller's transaction; an id that exists is left alone."""
        options: EnqueueOptions = {
            "queue_name": queue,
            "workflow_name": workflow,
            "workflow_id": workflow_id,
            "app_version": VERSION,
        }
        if partition is not None:
            options["queue_partition_key"] = partition
        client = self._client
        assert client is not None
        await connection.run_sync(
            lambda bound: client.enqueue_in_transaction(bound, options, *arguments)
        )

    async def take_over(self, living: Iterable[str]) -> int:
        """Release workflows that dead replicas had begun.

        Returns how many.
        """
        alive = set(living)
        begun = await DBOS.list_workflows_async(
            status="PENDING", load_input=False, load_output=False
        )
        orphans = [flow for flow in begun if flow.executor_id not in alive]
        for queue in {flow.queue_name for flow in orphans}:
            ids = sorted(flow.workflow_id for flow in orphans if flow.queue_name == queue)
            await DBOS.resume_workflows_async(ids, queue_name=queue)
        return len(orphans)

    async def purge(self, before: datetime) -> int:
        """Delete finished workflows; the bot's own tables hold what must be kept."""
        deleted = 0
        while True:
            old = await DBOS.list_workflows_async(
                completed_before=before.isoformat(),
                limit=_PURGE_BATCH,
                load_input=False,
                load_output=False,
            )
            if not old:
                return deleted
            await DBOS.delete_workflows_async([flow.workflow_id for flow in old])
            deleted += len(old)


class PickleRefused(Exception):
    """A row of the database holds a pickle, which would run code when it is read."""


def refuse_pickles() -> None:
    """Never unpickle what the database holds, whatever a row says of itself.

    DBOS reads a row that is marked `py_pickle` with `pickle`, even where another serializer is
    configured, so whoever writes one row would run code here. It offers no setting against that;
    a test pins that this is the only way in.
    """

    def refuse(_self: object, _data: str) -> None:
        raise PickleRefused("A row of the database holds a pickle; it is not read.")

    DefaultSerializer.deserialize = refuse  # type: ignore[method-assign, assignment]


def cancel_foreign(engine: Engine) -> int:
    """Cancel unfinished workflows that are not in our format; returns how many those were."""
    schema = None if engine.dialect.name == "sqlite" else "dbos"
    if not _names_formats(engine, schema):
        return 0
    table = "dbos.workflow_status" if schema else "workflow_status"
    statement = text(
        f"UPDATE {table} SET status = 'CANCELLED' WHERE serialization <> :ours "  # noqa: S608 -- one of two constants
        "AND status NOT IN ('SUCCESS', 'ERROR', 'CANCELLED')"
    )
    with engine.begin() as connection:
        return connection.execute(statement, {"ours": _OURS}).rowcount


def _names_formats(engine: Engine, schema: str | None) -> bool:
    """Whether rows say in which format they are.

    While another replica makes the tables they do not yet; such rows get none, and reading them
    is refused.
    """
    tables = inspect(engine)
    return tables.has_table("workflow_status", schema=schema) and any(
        column["name"] == "serialization"
        for column in tables.get_columns("workflow_status", schema=schema)
    )


async def sleep(seconds: float) -> None:
    """Sleep inside a workflow; a restart sleeps what is left."""
    await DBOS.sleep_async(seconds)


async def _bounded(work: Callable[[], None]) -> None:
    """Do blocking work in a thread that is left alone when it does not end.

    After a long outage DBOS's threads sleep up to a minute before they try again, and its end
    waits for them.
    """
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def run() -> None:
        try:
            work()
        finally:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=run, name="engine-end", daemon=True).start()
    try:
        await asyncio.wait_for(ended.wait(), _END_S)
    except TimeoutError:
        _LOG.warning("the digest engine did not end in time, and is left alone")


def open_engine(url: str, limit: Callable[[], float]) -> Engine:
    """The engine's own connections.

    DBOS begins its transactions itself, so on SQLite the driver's IMMEDIATE mode does it.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return open_postgresql(parsed, limit)
    engine = create_engine(parsed)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's connection
    add_unixepoch(connection)
    connection.isolation_level = "IMMEDIATE"
    for pragma in _SQLITE:
        connection.execute(f"PRAGMA {pragma}")
