"""The only module that uses DBOS, besides `dbos_patches`.

It covers launch, workflows, steps, durable sleep, queues, take-over and clean-up. Rules: no DBOS
schedule per subscription (each takes a thread), no workflow per backend, no private names, no
enterprise add-on. Keep the bodies of workflows small and the order of their steps stable, because
unfinished workflows are continued by newer code: to change one, add `digest_v2`.
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
from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import ConnectionPoolEntry

from bot.engine.dbos_patches import (
    QueuePolls,
    keep_queue_list,
    poll_at_interval,
    poll_seldom,
    refuse_pickles,
    skip_empty_queues,
)
from bot.store.database import open_postgresql, parse_url
from bot.store.subseconds import add_unixepoch

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
Workflow = Callable[..., Coroutine[Any, Any, None]]

VERSION = "1"  # constant: workflows started under another version would never resume
DIGESTS, CHECKS = "digests", "checks"
APPLICATION = "appgw-check"
# most of them sleep until their next observation; `ObservationBatches` limits how many observe
_PARALLEL_CHECKS = 64
_PURGE_BATCH = 1_000
# DBOS makes no query while no workflow waits; shutdown waits for one round of this loop
_LISTENER_S = 0.5
_END_S = 4.0
_OURS = DBOSPortableJSONSerializer().name()
_SQLITE = ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


class DbosRuntime:
    """The launched DBOS of one process.

    Args:
        url: of the bot's own database, so that a tick is one transaction.
        limit: returns the seconds for which PostgreSQL may stay silent.
        replica: stable ID of this process, under which its unfinished work is found after a
            restart.
        workflows: name -> body.
        poll: seconds between two reads of a queue.
        parallel: how many digests run at once.
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
        self._launched = asyncio.Event()
        self._polls = QueuePolls()
        event.listen(self._engine, "checkin", self._close_late)

    async def launch(self) -> None:
        """Start DBOS; unfinished work of this replica resumes at once.

        Blocks briefly. Call it inside the running event loop: the workflows then run on that loop
        and may use its connections.
        """
        refuse_pickles()
        if cancelled := await asyncio.to_thread(cancel_foreign, self._engine):
            _LOG.error("%d workflows that this bot did not write were cancelled", cancelled)
        logging.getLogger("dbos").addHandler(
            logging.NullHandler()
        )  # with a handler of its own the logger gets no console handler from DBOS
        config = DBOSConfig(
            name=APPLICATION,
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
        embedded = self._engine.dialect.name == "sqlite"
        poll_seldom(embedded=embedded)
        if embedded:
            self._polls.install()
        else:
            poll_at_interval()
        DBOS.launch()
        skip_empty_queues()
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
        await asyncio.to_thread(keep_queue_list)
        self._client = await asyncio.to_thread(self._open_client)
        self._launched.set()

    def _open_client(self) -> DBOSClient:
        return DBOSClient(
            system_database_engine=self._engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
        )

    async def stop(self, drain: float) -> None:
        """Wait up to `drain` seconds for running steps, then stop.

        A sleeping workflow resumes after the next start.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), drain)
        logging.getLogger("dbos").setLevel(
            logging.ERROR
        )  # DBOS warns of each workflow that it interrupts
        for body in self._bodies:
            body.cancel()
        await asyncio.gather(*self._bodies, return_exceptions=True)
        await _bounded(self._destroy)
        # DBOS made its thread pool the loop's default executor and has shut it down; code that ends
        # later still needs one
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        self._closed = True
        self._engine.dispose()

    def work_queued(self) -> None:
        """Say that work was queued and committed, so that it begins at once.

        On PostgreSQL it begins with the next poll of whichever replica comes first, so that they
        share the work.
        """
        self._polls.work()

    def _destroy(self) -> None:
        self._polls.end()
        if self._client is not None:
            self._client.destroy()
        DBOS.destroy(destroy_registry=True)

    def _close_late(self, _connection: object, record: ConnectionPoolEntry) -> None:
        """Close a connection that a DBOS thread still held when the pool was closed.

        Nothing else closes it.
        """
        if self._closed:
            record.invalidate()

    async def step(
        self, name: str, body: Callable[..., Coroutine[Any, Any, T]], *arguments: object
    ) -> T:
        """Run one step of a workflow: at least once, with its result stored."""
        self._steps += 1
        self._idle.clear()
        try:
            return await DBOS.run_step_async(StepOptions(name=name), body, *arguments)
        finally:
            self._steps -= 1
            if not self._steps:
                self._idle.set()

    def _as_function(self, body: Workflow) -> Workflow:
        """Wrap a bound method, because DBOS sets attributes on the function that it registers."""

        async def run(*arguments: Any) -> None:  # noqa: ANN401 -- passed through unchanged
            task = asyncio.current_task()
            assert task is not None
            self._bodies.add(task)
            task.add_done_callback(self._ended)
            await self._launched.wait()  # DBOS resumes interrupted work while it is being launched
            await body(*arguments)

        return run

    def _ended(self, body: asyncio.Task[Any]) -> None:
        self._bodies.discard(body)
        self._polls.work()

    async def enqueue(
        self,
        connection: AsyncConnection,
        queue: str,
        workflow: str,
        workflow_id: str,
        *arguments: object,
        partition: str | None = None,
    ) -> None:
        """Enqueue a workflow in the caller's transaction; an existing ID is not enqueued again.

        After the commit, call `work_queued`.
        """
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
        """Queue again the workflows that dead replicas had begun; returns their number."""
        alive = set(living)
        begun = await DBOS.list_workflows_async(
            status="PENDING", load_input=False, load_output=False
        )
        orphans = [flow for flow in begun if flow.executor_id not in alive]
        for queue in {flow.queue_name for flow in orphans}:
            ids = sorted(flow.workflow_id for flow in orphans if flow.queue_name == queue)
            await DBOS.resume_workflows_async(ids, queue_name=queue)
        if orphans:
            self.work_queued()
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


def cancel_foreign(engine: Engine) -> int:
    """Cancel unfinished workflows in a foreign serialization format; returns their number."""
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
    """Whether the table has the column that names the serialization format.

    It is missing while another replica creates the tables. Such rows get no format, and reading
    them is refused.
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
    """Run blocking work in a thread, and leave the thread alone if it does not end.

    After a long outage DBOS's threads sleep up to a minute before they retry, and stopping DBOS
    waits for them.
    """
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def run() -> None:
        try:
            work()
        finally:
            with suppress(RuntimeError):  # the event loop has ended meanwhile
                loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=run, name="engine-end", daemon=True).start()
    try:
        await asyncio.wait_for(ended.wait(), _END_S)
    except TimeoutError:
        _LOG.warning("the digest engine did not end in time, and is left alone")


def open_engine(url: str, limit: Callable[[], float]) -> Engine:
    """Open the connections of DBOS.

    DBOS begins its transactions itself, so on SQLite the driver's own IMMEDIATE mode is used.
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
