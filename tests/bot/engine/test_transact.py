"""What DBOS still has in hand when the engine stops."""

from __future__ import annotations

import pytest

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


def _is_closed(connection: object) -> bool:
    try:
        connection.cursor()  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 -- each driver has an error of its own
        return True
    return False
