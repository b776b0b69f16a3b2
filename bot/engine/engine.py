"""The engine: the bodies of its workflows, its periodic loops, start and stop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.outage import DatabaseUnavailable
from bot.engine.dbos_engine import DbosRuntime, Workflow, sleep
from bot.engine.digests import DigestRuns
from bot.engine.lease import Lease, Monotonic, ReplicaTaken
from bot.engine.observations import ObservationBatches
from bot.engine.ports import EngineSettings, Ports
from bot.engine.sender import DigestSender
from bot.engine.tick import CHECK_WORKFLOW, DIGEST_WORKFLOW, Ticker
from bot.store import Store, outage_of
from bot.store.retention import purge_old

_LOG = logging.getLogger(__name__)
# only one process uses a SQLite file, so a constant name survives a change of the host name
_EMBEDDED = "embedded"
_MORE_OBSERVATIONS = 2
_BEATS_PER_LEASE = 3
_SWEEP_EVERY, _CLEAN_EVERY = timedelta(minutes=5), timedelta(days=1)
_ENGINE_ROWS_KEPT = timedelta(days=2)
_LOOPS_END_S = 2.0


class Engine:
    """Observes due targets and sends each digest exactly once.

    Args:
        url: of the database.
        store: the same database, open.
        ports: clock, observer, renderer, poster.
        settings: times, limits and pauses.
        monotonic: returns monotonic seconds, for leases.
    """

    def __init__(
        self,
        url: str,
        store: Store,
        ports: Ports,
        settings: EngineSettings,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._settings = replace(settings, replica=_EMBEDDED) if store.embedded else settings
        self._store, self._ports = store, ports
        workflows: dict[str, Workflow] = {
            CHECK_WORKFLOW: self._check,
            DIGEST_WORKFLOW: self._digest,
        }
        poll = self._settings.poll.total_seconds()
        self._dbos = DbosRuntime(
            url,
            limit=store.availability.patience,
            replica=self._settings.replica,
            workflows=workflows,
            poll=poll,
            parallel=settings.parallel,
        )
        self._lease = Lease(store, self._settings.replica, settings.lease, monotonic)
        self._ticker = Ticker(store, self._dbos, self._settings)
        self._observations = ObservationBatches(store, ports, self._dbos, self._settings)
        self._digests = DigestRuns(
            store, ports, DigestSender(store, ports, self._lease, self._settings)
        )
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Start; unfinished work of this replica resumes at once."""
        await self._lease.begin()
        await self._dbos.launch()
        # Nobody else reads the heartbeats in a SQLite file.
        beat = _SWEEP_EVERY if self._store.embedded else self._settings.lease / _BEATS_PER_LEASE
        self._loops = [
            asyncio.create_task(self._every(self._until_minute, self._tick_once_a_minute())),
            asyncio.create_task(self._every(lambda: beat, self._keep_lease)),
            asyncio.create_task(self._every(lambda: _SWEEP_EVERY, self.sweep)),
            asyncio.create_task(self._every(lambda: _CLEAN_EVERY, self.clean)),
        ]

    async def stop(self) -> None:
        """Start no new work and wait briefly for running work.

        The rest resumes at the next start.
        """
        self._stopping.set()
        if (
            self._loops
        ):  # if cancelled inside a query, it would leave its connection to the garbage collector
            await asyncio.wait(self._loops, timeout=_LOOPS_END_S)
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._dbos.stop(self._settings.drain.total_seconds())

    async def tick(self) -> int | None:
        """Claim the digests that are due now.

        Returns their number, or `None` while another replica ticks.
        """
        return await self._ticker.tick(self._ports.clock())

    async def sweep(self) -> int:
        """Queue overdue digests again; returns their number."""
        return await self._ticker.sweep(self._ports.clock())

    async def clean(self) -> None:
        """Delete rows older than their retention time, and finished workflows of DBOS."""
        now = self._ports.clock()
        deleted = await self._dbos.purge(now - _ENGINE_ROWS_KEPT)
        async with self._store.writing() as connection:
            await connection.run_sync(lambda bound: purge_old(bound, now))
        _LOG.info("deleted %d finished workflows", deleted)

    @property
    def alive(self) -> bool:
        """Whether every loop still runs."""
        return bool(self._loops) and not any(loop.done() for loop in self._loops)

    async def _check(self, check: str, keys: list[str]) -> None:
        """The workflow of one batch of targets.

        Its steps: observe, up to two more observations, release.
        """
        undecided = await self._dbos.step("look", self._observations.observe, keys)
        for _ in range(_MORE_OBSERVATIONS):
            if undecided:
                await sleep(self._settings.confirm_gap.total_seconds())
                undecided = await self._dbos.step("look", self._observations.observe, undecided)
        await self._dbos.step("release", self._observations.release, check)

    async def _digest(self, run_id: str) -> None:
        """The workflow of one digest; its only step is repeated until the run has ended."""
        while (wait := await self._dbos.step("advance", self._digests.advance, run_id)) > 0:
            await sleep(wait)

    def _tick_once_a_minute(self) -> Callable[[], Awaitable[object]]:
        last: datetime | None = None

        async def tick() -> None:
            nonlocal last
            minute = self._ports.clock().replace(second=0, microsecond=0)
            if last is None or minute < last:
                await self._realign()
            if minute != last and await self.tick() is not None:
                last = minute

        return tick

    def _until_minute(self) -> timedelta:
        """The time until the next minute begins; at most `tick_pause`, since clocks are set."""
        now = self._ports.clock()
        left = timedelta(minutes=1) - timedelta(seconds=now.second, microseconds=now.microsecond)
        return min(left, self._settings.tick_pause)

    async def _realign(self) -> None:
        moved = await self._ticker.realign(self._ports.clock())
        if moved:
            _LOG.warning("the clock had run ahead: %d digests are due earlier again", moved)

    async def _keep_lease(self) -> None:
        await self._lease.keep()
        freed = await self._dbos.take_over(await self._lease.living())
        if freed:
            _LOG.warning("took over %d workflows of a replica that has stopped", freed)

    async def _every(
        self, pause: Callable[[], timedelta], body: Callable[[], Awaitable[object]]
    ) -> None:
        """Repeat an action until the engine stops.

        Errors are logged and the action is tried again, except when another process has taken this
        replica's name.
        """
        while not self._stopping.is_set():
            try:
                await body()
            except ReplicaTaken:
                _LOG.critical("this replica stops: its name is taken")
                raise
            except DatabaseUnavailable:
                pass  # the store logs an outage once
            except Exception as error:  # noqa: BLE001 -- an error of the database or of a port must not end the loop
                if outage_of(error) is None:  # DBOS's connections are not those of the store
                    _LOG.exception("engine loop: trying again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause().total_seconds())
