"""Changes inside DBOS for which it has no setting.

No other module uses private names of DBOS; tests check that these still exist and work as expected.
"""

from __future__ import annotations

import threading
from time import monotonic

from dbos import DBOS, _dbos, _queue, _scheduler, _workflow_commands
from dbos._queue import Queue
from dbos._serialization import DefaultSerializer
from dbos._utils import INTERNAL_QUEUE_NAME
from sqlalchemy import text

_SELDOM_S = 60.0
# On PostgreSQL the jobs hold a lock in a transaction, which DBOS lets the server end after 5 s.
_LOCKED_S = 4.0
_QUIET_S = 30.0
_BUSY_FOR_S = 60.0
_POLL_QUEUE = _queue.queue_worker_thread


class PickleRefused(Exception):
    """A database row contains a pickle; reading it would run code."""


def refuse_pickles() -> None:
    """Make DBOS refuse to unpickle rows of the database.

    DBOS unpickles a row that is marked `py_pickle` even when another serializer is configured, so
    anybody who can write a row could run code here. DBOS has no setting against it; a test checks
    that this function covers the only place.
    """

    def refuse(_self: object, _data: str) -> None:
        raise PickleRefused("A row of the database holds a pickle; it is not read.")

    DefaultSerializer.deserialize = refuse  # type: ignore[method-assign, assignment]


def poll_seldom(*, embedded: bool) -> None:
    """Make DBOS poll once a minute for work that the bot never has; call it before the launch.

    DBOS polls every second for workflows with a delay or a time limit, and for those that were
    resumed outside a queue. The bot has none, and polling takes more than half of an idle bot's
    CPU. In its first minute DBOS also looks for schedules every second.

    Args:
        embedded: the database is SQLite, where no other process takes the jobs.
    """
    _scheduler._STARTUP_FAST_POLL_DURATION_SEC = 0  # noqa: SLF001 -- see above
    _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = _SELDOM_S if embedded else _LOCKED_S  # noqa: SLF001 -- see above
    internal = _dbos._get_or_create_dbos_registry().get_internal_queue()  # noqa: SLF001 -- see above
    assert isinstance(internal, Queue)
    assert internal.name == INTERNAL_QUEUE_NAME
    internal._polling_interval_sec = _SELDOM_S  # noqa: SLF001 -- see above


def keep_queue_list() -> None:
    """Make DBOS cache the queues, which it reads before every poll, and their list every second.

    Call it after all queues exist; nothing changes them later. Blocks briefly.
    """
    database = _dbos._get_dbos_instance()._sys_db  # noqa: SLF001 -- see above
    known = database.list_queues(application_name=database.app_name)
    by_name = {queue.name: queue for queue in known}

    def list_queues(**_owner: object) -> list[Queue]:
        return known

    database.list_queues = list_queues  # type: ignore[method-assign] # the purpose
    database.get_queue = by_name.get  # type: ignore[method-assign, assignment] # the purpose


def skip_empty_queues() -> None:
    """Make DBOS ask whether a queue holds work before each poll; call it after the launch.

    The statements of a poll take DBOS many times as long to build as this one to answer.
    """
    database = _dbos._get_dbos_instance()._sys_db  # noqa: SLF001 -- see above
    scopes_of = database.dequeue_scopes
    schema = "main" if database.engine.dialect.name == "sqlite" else "dbos"
    # The index of SQLite is used only where both states are named.
    queued = text(
        f"SELECT 1 FROM {schema}.workflow_status WHERE queue_name = :queue "  # noqa: S608 -- one of two constants
        "AND status = 'ENQUEUED' AND status IN ('ENQUEUED', 'PENDING') LIMIT 1"
    )

    def scopes_with_work(queue: str) -> list[str | None]:
        with database.engine.connect() as connection:
            found = connection.execute(queued, {"queue": queue}).first()
        return scopes_of(queue) if found else []

    database.dequeue_scopes = scopes_with_work  # type: ignore[method-assign, assignment] # the purpose


class QueuePolls:
    """Lets DBOS poll its queues seldom while nothing is queued, on SQLite.

    There only this process fills the queues, so it knows when a poll finds something. DBOS polls at
    the queue's own interval for a minute after each `work`, and twice a minute otherwise. Each
    launch has its own.

    DBOS also polls at that interval for a minute after the launch: one of its threads then puts
    the work of a killed process back into the queues, and nothing reports that.
    """

    def __init__(self) -> None:
        self._pauses: list[_Pause] = []
        self._busy_until = monotonic() + _BUSY_FOR_S
        self.ended = False

    def install(self) -> None:
        """Use it in the threads that DBOS starts from now on."""

        def poll(stop_event: threading.Event, dbos: DBOS, queue: Queue) -> None:
            if queue.name == INTERNAL_QUEUE_NAME:
                _POLL_QUEUE(stop_event, dbos, queue)
                return
            pause = _Pause(stop_event, self)
            self._pauses.append(pause)
            _POLL_QUEUE(pause, dbos, queue)

        _queue.queue_worker_thread = poll

    def work(self) -> None:
        """Poll now, and for a minute at the queue's own interval.

        Call it after work was queued, and when a workflow has ended, since another may have waited
        for it. May be called in any thread.
        """
        self._busy_until = monotonic() + _BUSY_FOR_S
        for pause in self._pauses:
            pause.set()

    def end(self) -> None:
        """End the pauses, and with them the threads; call it before DBOS is stopped."""
        self.ended = True
        self.work()

    @property
    def quiet(self) -> bool:
        """Whether DBOS was launched more than a minute ago, and nothing was queued since then."""
        return monotonic() > self._busy_until


class _Pause(threading.Event):
    """In place of the event that DBOS waits for between two polls."""

    def __init__(self, stop_event: threading.Event, polls: QueuePolls) -> None:
        super().__init__()
        self._stop_event, self._polls = stop_event, polls
        self.set()  # the first poll finds what the last process left in the queue

    def is_set(self) -> bool:
        """Whether the thread is to end."""
        return self._polls.ended or self._stop_event.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Pause until work is queued or the time is over; returns `is_set`."""
        if timeout is not None and self._polls.quiet:
            timeout = max(timeout, _QUIET_S)
        super().wait(timeout)
        self.clear()
        return self.is_set()


def poll_at_interval() -> None:
    """Let DBOS poll its queues at their interval, as it does by itself: on PostgreSQL."""
    _queue.queue_worker_thread = _POLL_QUEUE
