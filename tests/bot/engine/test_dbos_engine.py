"""What DBOS still has in hand when the engine stops."""

from __future__ import annotations

import asyncio
import inspect
import threading
from pathlib import Path

import pytest
from dbos import DBOSClient, _dbos, _queue, _scheduler, _workflow_commands
from dbos._queue import queue_thread

from bot.engine import dbos_patches
from bot.engine.dbos_engine import CHECKS, DbosRuntime, Workflow
from bot.engine.dbos_patches import poll_at_interval
from bot.store import Store, open_store
from tests.support.databases import fill_folder
from tests.support.waiting import LIMIT_S

pytestmark = pytest.mark.may_block  # DBOS is launched inside the loop on purpose


async def test_connection_returning_after_the_end_is_closed(url: str, store: Store) -> None:
    """Threads of DBOS may outlive it by a query.

    Their connections go back to a pool that nobody will ever close.
    """
    assert store
    runtime = DbosRuntime(url, replica="r1", workflows={}, poll=1, parallel=1, limit=lambda: 12.0)
    await runtime.launch()
    late = runtime._engine.connect()
    connection = late.connection.dbapi_connection
    await runtime.stop(drain=0)
    late.close()
    assert connection is not None
    assert _is_closed(connection)


async def test_dbos_seldom_polls_for_foreign_work(url: str, store: Store) -> None:
    """Workflows with a delay or a time limit, and those resumed outside of a queue."""
    runtime = DbosRuntime(url, replica="r1", workflows={}, poll=1, parallel=1, limit=lambda: 12.0)
    await runtime.launch()
    try:
        internal = _dbos._get_or_create_dbos_registry().get_internal_queue()
        assert internal._polling_interval_sec == 60
        assert (60 if store.embedded else 4) == _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC
        database = _dbos._get_dbos_instance()._sys_db
        assert sorted(one.name for one in database.list_queues()) == ["checks", "digests"]
        assert await asyncio.to_thread(database.dequeue_scopes, CHECKS) == []
        names = {thread.name for thread in threading.enumerate()}
        assert "dbos-background-jobs" in names
    finally:
        await runtime.stop(drain=0)


async def test_queued_work_begins_before_the_next_poll(tmp_path: Path) -> None:
    begun: asyncio.Queue[str] = asyncio.Queue()
    store = await asyncio.to_thread(open_store, url := fill_folder(tmp_path))
    runtime = DbosRuntime(
        url, replica="r1", workflows={"w": begun.put}, poll=3600, parallel=1, limit=lambda: 12.0
    )
    await runtime.launch()
    try:
        for name in ("first", "second"):
            async with store.writing() as connection:
                await runtime.enqueue(connection, CHECKS, "w", name, name)
            runtime.work_queued()
            async with asyncio.timeout(LIMIT_S):
                assert await begun.get() == name
    finally:
        await runtime.stop(drain=0)
        await store.close()


async def test_interrupted_work_waits_for_the_launch(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DBOS resumes it before the client is there, with which it queues what comes next."""
    begun: asyncio.Queue[bool] = asyncio.Queue()

    async def body(_name: str) -> None:
        await begun.put(runtime._client is not None)
        await asyncio.Event().wait()

    def new() -> DbosRuntime:
        return DbosRuntime(
            url, replica="r1", workflows={"w": body}, poll=0.1, parallel=1, limit=lambda: 12.0
        )

    runtime = new()
    await runtime.launch()
    async with store.writing() as connection:
        await runtime.enqueue(connection, CHECKS, "w", "it", "it")
    runtime.work_queued()
    async with asyncio.timeout(LIMIT_S):
        assert await begun.get()
    await runtime.stop(drain=0)

    runtime = new()
    open_client, resumed = runtime._open_client, threading.Event()
    run = runtime._as_function

    def open_late() -> DBOSClient:
        assert resumed.wait(LIMIT_S)
        return open_client()

    def announced(work: Workflow) -> Workflow:
        inner = run(work)

        async def body(*arguments: object) -> None:
            asyncio.get_running_loop().call_soon(resumed.set)
            await inner(*arguments)

        return body

    monkeypatch.setattr(runtime, "_open_client", open_late)
    monkeypatch.setattr(runtime, "_as_function", announced)
    await runtime.launch()
    try:
        async with asyncio.timeout(LIMIT_S):
            assert await begun.get()
    finally:
        await runtime.stop(drain=0)


def test_queues_are_polled_often_in_the_first_minute() -> None:
    """What a killed process had begun is put back into its queue after the first poll."""
    assert not dbos_patches.QueuePolls().quiet


def test_dbos_reads_its_intervals_where_they_are_set() -> None:
    jobs = inspect.getsource(_workflow_commands.background_jobs_thread)
    assert "_BACKGROUND_JOBS_INTERVAL_SEC" in jobs
    assert "_STARTUP_FAST_POLL_DURATION_SEC" in inspect.getsource(_scheduler.dynamic_scheduler_loop)
    assert "_sys_db.list_queues(" in inspect.getsource(queue_thread)
    assert "target=queue_worker_thread" in inspect.getsource(queue_thread)
    poll_at_interval()
    worker = inspect.getsource(_queue.queue_worker_thread)
    assert "_sys_db.get_queue(queue.name)" in worker
    assert "_sys_db.dequeue_scopes(queue.name)" in worker
    assert "stop_event.wait(timeout=polling_interval * " in worker


def _is_closed(connection: object) -> bool:
    try:
        connection.cursor()  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 -- each driver has an error of its own
        return True
    return False
