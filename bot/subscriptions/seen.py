"""Which requests were received, shared by all replicas of a database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from bot.domain.outage import DatabaseUnavailable
from bot.store import Store
from bot.store.last_known import first_time
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

PATIENCE_S = 1.0
"""Slack expects the acknowledgement within three seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequests:
    """The signatures of received requests.

    Attributes:
        store: the database.
        clock: returns the present instant, time zone aware.
        patience: seconds to wait for the database.
    """

    store: Store
    clock: Callable[[], datetime]
    patience: float = PATIENCE_S

    async def is_known(self, signature: str) -> bool:
        """Whether a replica received this request before; otherwise stores it.

        While the database does not answer, each replica only knows its own requests.
        """
        try:
            async with asyncio.timeout(self.patience), self.store.writing() as connection:
                return not await first_time(connection, f"request {signature}"[:200], self.clock())
        except (DatabaseUnavailable, TimeoutError):
            log.info("a replayed request is only recognised in this replica")
            return False
