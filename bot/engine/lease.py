"""Finds out which replicas are alive, by their heartbeats.

Each replica counts its heartbeats. One whose count does not change for the time of a lease is
declared dead. Counts are compared instead of clocks, so a wrong clock never makes a replica appear
dead. Every start has an epoch: a replica that was declared dead while it was paused notices that
before it posts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import Store
from bot.store.outbox import (
    Replica,
    declare_dead,
    is_current_epoch,
    register_replica,
    replicas,
    send_heartbeat,
)

Monotonic = Callable[[], float]


class ReplicaTaken(Exception):
    """Another process runs under this replica's name; the text says in one sentence what to do."""


class Lease:
    """The lease of this replica, and what it knows of the others.

    Args:
        store: the shared database.
        replica: stable name of this process.
        lease: seconds without a heartbeat after which another replica counts as dead.
        monotonic: returns monotonic seconds.
    """

    def __init__(self, store: Store, replica: str, lease: timedelta, monotonic: Monotonic) -> None:
        self.replica = replica
        self.epoch = 0
        self._store, self._lease, self._monotonic = store, lease, monotonic
        self._seen: dict[str, tuple[Replica, float]] = {}

    async def begin(self) -> None:
        """Register this replica."""
        async with self._store.writing() as connection:
            self.epoch = await register_replica(connection, self.replica)

    async def keep(self) -> None:
        """Send one heartbeat; a replica that was declared dead registers again.

        Raises:
            ReplicaTaken: another process has registered under the same name.
        """
        async with self._store.writing() as connection:
            if await send_heartbeat(connection, self.replica, self.epoch):
                return
            own = next((row for row in await replicas(connection) if row.id == self.replica), None)
            if own is not None and not own.dead:
                raise ReplicaTaken(
                    f"Another process runs as {self.replica!r}: give each replica its own name."
                )
            self.epoch = await register_replica(connection, self.replica)

    async def living(self) -> tuple[str, ...]:
        """Declare replicas without a heartbeat dead, and return the others."""
        async with self._store.reading() as connection:
            rows = await replicas(connection)
        silent = [
            row
            for row in rows
            if not row.dead and row.id != self.replica and self._stands_still(row)
        ]
        for row in silent:
            async with self._store.writing() as connection:
                await declare_dead(connection, row)
        return tuple(row.id for row in rows if not row.dead and row not in silent)

    async def owns(self, connection: AsyncConnection) -> bool:
        """Whether this epoch is still current; read immediately before every post."""
        return await is_current_epoch(connection, self.replica, self.epoch)

    def _stands_still(self, row: Replica) -> bool:
        now = self._monotonic()
        before, since = self._seen.get(row.id, (None, now))
        if before != row:
            self._seen[row.id] = (row, now)
            return False
        return now - since >= self._lease.total_seconds()
