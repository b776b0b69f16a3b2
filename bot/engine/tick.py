"""The tick: one transaction that claims due digests and queues the observations they need.

It also sets the next time of each subscription. A crash before the commit leaves everything due;
after it, everything is queued. Only one replica ticks at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import DigestRun
from bot.engine.dbos_engine import CHECKS, DIGESTS, DbosRuntime
from bot.engine.ports import EngineSettings
from bot.store import Store
from bot.store.runs import (
    claim_due,
    claim_observations,
    realign,
    release_overdue,
    stale_runs,
    tick_lock,
    wait_for_check,
)

CHECK_WORKFLOW, DIGEST_WORKFLOW = "check_v1", "digest_v1"
HOSTS_PER_CHECK = 50
_READS_GATEWAYS = ("/", "site:")
_LOST_AFTER = timedelta(minutes=15)
# how long to wait for an earlier digest of the channel whose gateway is slow
_ORDER_WAIT = timedelta(minutes=2)


class Ticker:
    """Claims due digests and queues observations.

    Args:
        store: the database with subscriptions and runs.
        dbos: the queues.
        settings: how often to observe besides digests.
        unique: makes the IDs of checks.
    """

    def __init__(
        self,
        store: Store,
        dbos: DbosRuntime,
        settings: EngineSettings,
        unique: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._store, self._dbos, self._settings, self._unique = (
            store,
            dbos,
            settings,
            unique,
        )

    async def tick(self, now: datetime) -> int | None:
        """Claim the digests due at `now`.

        Returns their number, or `None` while another replica ticks.
        """
        async with self._store.writing() as connection:
            if not await tick_lock(connection):
                return None
            runs = await claim_due(connection, now)
            keys = await claim_observations(
                connection, [run.target_key for run in runs], now, self._settings.observe_every
            )
            for batch in batches(keys):
                check = f"check:{now:%Y%m%dT%H%MZ}:{self._unique()}"
                members = set(batch)
                await wait_for_check(
                    connection, [run for run in runs if run.target_key in members], check
                )
                await self._dbos.enqueue(
                    connection, CHECKS, CHECK_WORKFLOW, check, check, list(batch)
                )
            overdue = await release_overdue(connection, now - _ORDER_WAIT)
            for run in overdue:
                await enqueue_digest(self._dbos, connection, run)
        if keys or overdue:
            self._dbos.work_queued()
        return len(runs)

    async def realign(self, now: datetime) -> int:
        """Correct the next times of digests that are too late because a clock was ahead.

        Returns their number.
        """
        async with self._store.writing() as connection:
            return await realign(connection, now, self._settings.observe_every)

    async def sweep(self, now: datetime) -> int:
        """Queue overdue digests again; returns their number."""
        async with self._store.writing() as connection:
            lost = await stale_runs(connection, now - _LOST_AFTER, now)
            for run in lost:
                await enqueue_digest(self._dbos, connection, run, again=f":{now:%Y%m%dT%H%MZ}")
        if lost:
            self._dbos.work_queued()
        return len(lost)


def batches(keys: Sequence[str]) -> list[tuple[str, ...]]:
    """Split keys into batches: one gateway or site each, or up to fifty hosts.

    A site reads gateways too; a slow gateway then delays nothing else.
    """
    alone = [(key,) for key in keys if key.startswith(_READS_GATEWAYS)]
    hosts = [key for key in keys if not key.startswith(_READS_GATEWAYS)]
    grouped = groupby(enumerate(hosts), key=lambda numbered: numbered[0] // HOSTS_PER_CHECK)
    return [*alone, *(tuple(key for _, key in group) for _, group in grouped)]


async def enqueue_digest(
    dbos: DbosRuntime, connection: AsyncConnection, run: DigestRun, again: str = ""
) -> None:
    """Queue a digest behind the others of its channel.

    The IDs sort in the order in which the runs were due, which keeps that order in the queue.
    """
    workflow_id = f"digest:{run.id}{again}"
    await dbos.enqueue(
        connection, DIGESTS, DIGEST_WORKFLOW, workflow_id, run.id, partition=run.channel
    )
