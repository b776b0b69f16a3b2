"""Facts that checks learn and later checks use, and the writer that stores them.

These are the last healthy facts of each backend, and intermediates that may complete another chain.
Checks only add values here and never wait for the database; the writer stores unsaved ones.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import field
from datetime import datetime, timedelta

from bot.checks.intermediates import Intermediates
from bot.checks.last_healthy import Facts, RecentFacts, chain_of, facts_from, record_healthy
from bot.domain.outage import DatabaseUnavailable
from bot.domain.report import CheckReport
from bot.store import Store
from bot.store.last_known import (
    healthy_since,
    remember_healthy,
    save_intermediates,
    stored_intermediates,
)
from chainlib import Certificate
from chainlib.frozen import dataclass

EVERY_S = 5.0
_OVERLAP = timedelta(minutes=5)
_SOURCE = "a backend"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsavedFacts:
    """Facts that are not in the database yet."""

    healthy: Mapping[str, Facts]
    intermediates: tuple[Certificate, ...]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.healthy or self.intermediates)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedFacts:
    """All facts that checks in this process have learned.

    Attributes:
        last_healthy: the last healthy facts of each backend.
        intermediates: intermediates that backends presented.
    """

    last_healthy: RecentFacts = field(default_factory=RecentFacts)
    intermediates: Intermediates = field(default_factory=Intermediates)

    def see(self, report: CheckReport) -> None:
        """Learn from a finished check of a command, a digest or a watch."""
        record_healthy(report, self.last_healthy)

    @property
    def unsaved(self) -> UnsavedFacts:
        """The facts to store next."""
        return UnsavedFacts(
            healthy=self.last_healthy.unsaved, intermediates=self.intermediates.unsaved
        )

    def mark_saved(self, written: UnsavedFacts) -> None:
        """Mark facts as saved; those that changed meanwhile remain unsaved."""
        self.last_healthy.mark_saved(written.healthy)
        self.intermediates.mark_saved(written.intermediates)


@dataclasses.dataclass(slots=True, kw_only=True)
class LearnedFactsWriter:
    """Stores learned facts every few seconds, and reads those of other replicas.

    Attributes:
        facts: the facts of this process.
        store: the database.
        clock: returns the present instant, time zone aware.
        every: seconds between two runs.
        shared: whether other replicas use the database, so that theirs are read in every run.
    """

    facts: LearnedFacts
    store: Store
    clock: Callable[[], datetime]
    every: float = EVERY_S
    shared: bool = True
    _read_until: datetime | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the stored facts, then write periodically, and once more at the end."""
        await self._load()
        stop = asyncio.Event()
        turns = asyncio.create_task(self._run(stop))
        try:
            yield
        finally:
            stop.set()
            await turns

    async def _load(self) -> None:
        async with self.store.reading() as connection:
            for certificate in reversed(await stored_intermediates(connection)):
                self.facts.intermediates.recall(certificate)
        await self._read()

    async def _run(self, stop: asyncio.Event) -> None:
        """Write periodically until `stop` is set; database errors only delay it.

        It is stopped by the event and not cancelled, because a cancelled query leaves its
        connection to the garbage collector.
        """
        ending = False
        while not ending:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.every)
            # Taken before the run, so that facts added during it are not skipped.
            ending = stop.is_set()
            with suppress(DatabaseUnavailable):
                await self._turn()

    async def _turn(self) -> None:
        if unsaved := self.facts.unsaved:
            await self._write(unsaved)
            self.facts.mark_saved(unsaved)
        if self.shared:
            await self._read()

    async def _write(self, unsaved: UnsavedFacts) -> None:
        async with self.store.writing() as connection:
            for key, one in unsaved.healthy.items():
                await remember_healthy(connection, key, chain_of(one), dict(one.settings), one.at)
            for certificate in unsaved.intermediates:
                await save_intermediates(connection, {_SOURCE: certificate}, self.clock())

    async def _read(self) -> None:
        now = self.clock()
        async with self.store.reading() as connection:
            rows = await healthy_since(connection, self._read_until)
        for key, at, chain, settings in rows:
            if facts := facts_from(at, chain, settings):
                self.facts.last_healthy.recall(key, facts)
        self._read_until = now - _OVERLAP  # the clocks of replicas differ a little
