"""Which requests were taken, known to every replica that shares a database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.outage import DatabaseUnavailable
from bot.store import Store
from bot.store.last_known import first_time

log = logging.getLogger(__name__)

PATIENCE_S = 1.0
"""A request is to be acknowledged within three seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequests:
    """The signatures of requests, as the replicas of one bot remember them.

    Attributes:
        store: the database.
        clock: the present instant, aware.
        patience: seconds for the database.
    """

    store: Store
    clock: Callable[[], datetime]
    patience: float = PATIENCE_S

    async def is_known(self, signature: str) -> bool:
        """Whether a replica took this request before; remembers it otherwise.

        While the database does not answer each replica knows only what it took itself.
        """
        try:
            async with asyncio.timeout(self.patience), self.store.writing() as connection:
                return not await first_time(connection, f"request {signature}"[:200], self.clock())
        except (DatabaseUnavailable, TimeoutError):
            log.info("a request is compared with this replica's own alone")
            return False
