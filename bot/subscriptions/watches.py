"""Stores watches across a restart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.store import Store
from bot.store.last_known import drop_watch, open_watches, save_watch
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRecords:
    """The stored watches of one workspace.

    Attributes:
        store: the database.
        team: the bot's own workspace.
    """

    store: Store
    team: str

    async def save(
        self, watch_id: str, channel: str, until: datetime, body: Mapping[str, Any]
    ) -> None:
        """Store a watch; raises `DatabaseUnavailable`."""
        async with self.store.writing() as connection:
            await save_watch(connection, watch_id, self.team, channel, until, body)

    async def drop(self, watch_id: str) -> None:
        """Delete a watch; raises `DatabaseUnavailable`."""
        async with self.store.writing() as connection:
            await drop_watch(connection, watch_id)

    async def open(self, now: datetime) -> Sequence[Mapping[str, Any]]:
        """The watches whose time has not ended; raises `DatabaseUnavailable`."""
        async with self.store.reading() as connection:
            return tuple((await open_watches(connection, now)).values())
