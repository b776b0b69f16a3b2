"""Changes inside DBOS for which it has no setting.

No other module uses private names of DBOS; tests check that these still exist and work as expected.
"""

from __future__ import annotations

from dbos import _dbos, _workflow_commands
from dbos._queue import Queue
from dbos._serialization import DefaultSerializer
from dbos._utils import INTERNAL_QUEUE_NAME

_SELDOM_S = 60.0
# On PostgreSQL the jobs hold a lock in a transaction, which DBOS lets the server end after 5 s.
_LOCKED_S = 4.0


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
    CPU.

    Args:
        embedded: the database is SQLite, where no other process takes the jobs.
    """
    _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = _SELDOM_S if embedded else _LOCKED_S  # noqa: SLF001 -- see above
    internal = _dbos._get_or_create_dbos_registry().get_internal_queue()  # noqa: SLF001 -- see above
    assert isinstance(internal, Queue)
    assert internal.name == INTERNAL_QUEUE_NAME
    internal._polling_interval_sec = _SELDOM_S  # noqa: SLF001 -- see above


def keep_queue_list() -> None:
    """Make DBOS cache the list of queues, which it reads every second.

    Call it after all queues exist. Only the list is cached: each queue's worker still reads its own
    row before every poll. Blocks briefly.
    """
    database = _dbos._get_dbos_instance()._sys_db  # noqa: SLF001 -- see above
    known = database.list_queues(application_name=database.app_name)

    def list_queues(**_owner: object) -> list[Queue]:
        return known

    database.list_queues = list_queues  # type: ignore[method-assign] # the purpose
