"""Observes a batch of targets once for all digests that need it, then releases the digests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from bot.digest.observation import not_observed
from bot.domain.digest import Change, FollowedTarget, TargetKind, TargetObservation
from bot.domain.outage import DatabaseUnavailable
from bot.engine.dbos_engine import DbosRuntime
from bot.engine.ports import EngineSettings, Ports
from bot.engine.tick import enqueue_digest
from bot.store import Store
from bot.store.observations import record_observations
from bot.store.runs import mark_ready, release
from bot.store.subscriptions import targets

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_AFTER_OUTAGE_S = 2.0
_PARALLEL, _PARALLEL_GATEWAYS = (
    16,
    8,
)  # limits concurrent gateways because of ARM's rate limits; hosts need no ARM


class ObservationBatches:
    """Observes targets and releases the digests that wait for them.

    During a database outage the observations wait, and their digests with them.

    Args:
        store: the database.
        ports: observer and clock.
        dbos: the queues of digests.
        settings: how long an observation may take.
    """

    def __init__(
        self, store: Store, ports: Ports, dbos: DbosRuntime, settings: EngineSettings
    ) -> None:
        self._store, self._ports, self._dbos, self._settings = store, ports, dbos, settings
        self._limits = {
            TargetKind.HOST: asyncio.Semaphore(_PARALLEL),
            TargetKind.GATEWAY: asyncio.Semaphore(_PARALLEL_GATEWAYS),
            TargetKind.SITE: asyncio.Semaphore(_PARALLEL_GATEWAYS),
        }

    async def observe(self, keys: Sequence[str]) -> list[str]:
        """Observe targets and store the results.

        Returns the keys for which another observation would decide a pending change. Never raises.
        """
        try:
            followed = await self._despite_outages(lambda: self._followed(keys))
            observed_targets = await asyncio.gather(*(self._observe(target) for target in followed))
            return [
                observed.target_key
                for observed in observed_targets
                if await self._despite_outages(partial(self._record, observed))
            ]
        except Exception:  # noqa: BLE001 -- an exception would end the workflow, and its digests would never be released
            _LOG.exception("checking %d targets", len(keys))
            return []

    async def _followed(self, keys: Sequence[str]) -> tuple[FollowedTarget, ...]:
        async with self._store.reading() as connection:
            return await targets(connection, keys)

    async def _despite_outages(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run the work, and repeat it until the database is available."""
        while True:
            try:
                return await work()
            except DatabaseUnavailable:
                await asyncio.sleep(_AFTER_OUTAGE_S)

    async def _observe(self, target: FollowedTarget) -> TargetObservation:
        async with self._limits[target.kind]:
            try:
                async with asyncio.timeout(self._settings.observe_timeout.total_seconds()):
                    return await self._ports.observer.observe(target)
            except Exception:  # noqa: BLE001 -- the digest then says that nothing was observed
                _LOG.exception("observing %s", target.key)
        return TargetObservation(
            target_key=target.key,
            seen=(not_observed(target, f"{target.text} could not be checked"),),
            complete=False,
        )

    async def _record(self, observed: TargetObservation) -> bool:
        async with self._store.writing() as connection:
            undecided, events = await record_observations(
                connection, (observed,), self._ports.clock()
            )
        if any(event.change is Change.CLOSED for event in events):
            await self._announce_end(observed.target_key)
        return undecided

    async def _announce_end(self, target_key: str) -> None:
        try:
            await self._ports.on_closed(target_key)
        except Exception:  # noqa: BLE001 -- the observation is stored even if its announcement fails
            _LOG.exception("announcing the recovery of %s", target_key)

    async def release(self, check: str) -> int:
        """Queue the digests that waited for a check, and digests behind them in their channels.

        Returns the number of queued digests.
        """
        await self._despite_outages(lambda: self._mark_ready(check))
        released = 0
        while queued := await self._despite_outages(lambda: self._queue(check)):
            released += queued
        return released

    async def _mark_ready(self, check: str) -> None:
        async with self._store.writing() as connection:
            await mark_ready(connection, check)

    async def _queue(self, check: str) -> int:
        async with self._store.writing() as connection:
            runs = await release(connection, check)
            for run in runs:
                await enqueue_digest(self._dbos, connection, run)
        if runs:
            self._dbos.work_queued()
        return len(runs)
