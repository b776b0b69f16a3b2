"""What DBOS still has in hand when the engine stops."""

from __future__ import annotations

import inspect
import threading

import pytest
from dbos import _dbos, _workflow_commands
from dbos._queue import queue_thread, queue_worker_thread

from bot.engine.dbos_engine import Transact
from bot.store import Store

pytestmark = pytest.mark.may_block  # DBOS is launched inside the loop on purpose


async def test_connection_returning_after_the_end_is_closed(url: str, store: Store) -> None:
    """Threads of DBOS may outlive it by a query.

    Their connections go back to a pool that nobody will ever close.
    """
    assert store
    transact = Transact(url, replica="r1", workflows={}, poll=1, parallel=1, limit=lambda: 12.0)
    await transact.launch()
    late = transact._engine.connect()
    connection = late.connection.dbapi_connection
    await transact.stop(drain=0)
    late.close()
    assert connection is not None
    assert _is_closed(connection)


async def test_dbos_seldom_looks_for_foreign_work(url: str, store: Store) -> None:
    """Workflows with a delay or a time limit, and those resumed outside of a queue."""
    transact = Transact(url, replica="r1", workflows={}, poll=1, parallel=1, limit=lambda: 12.0)
    await transact.launch()
    try:
        internal = _dbos._get_or_create_dbos_registry().get_internal_queue()
        assert internal._polling_interval_sec == 60
        assert (60 if store.embedded else 4) == _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC
        database = _dbos._get_dbos_instance()._sys_db
        assert sorted(one.name for one in database.list_queues()) == ["checks", "digests"]
        names = {thread.name for thread in threading.enumerate()}
        assert "dbos-background-jobs" in names
    finally:
        await transact.stop(drain=0)


def test_dbos_reads_its_intervals_where_they_are_set() -> None:
    jobs = inspect.getsource(_workflow_commands.background_jobs_thread)
    assert "_BACKGROUND_JOBS_INTERVAL_SEC" in jobs
    assert "queue._polling_interval_sec" in inspect.getsource(queue_worker_thread)
    assert "_sys_db.list_queues(" in inspect.getsource(queue_thread)


def _is_closed(connection: object) -> bool:
    try:
        connection.cursor()  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 -- each driver has an error of its own
        return True
    return False
