"""Learned facts, written in the background after a check has answered.

The last healthy state of each backend, and intermediates that may complete another chain.

A check never waits for the database. What is new is written every few seconds and once more at the
end; what other replicas wrote in the meantime is read in the same turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.domain.outage import DatabaseUnavailable
from bot.store.database import Store
from bot.store.last_known import good_since, learn, learnt, remember_good
from chainlib import Certificate

EVERY_S = 5.0
_OVERLAP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """With which chain and settings a backend was good, as JSON-ready data; `at` is aware, UTC."""

    at: datetime
    chain: Any
    setting: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class LearnedFactsWriter:
    """Writes learned facts to the database and reads those of other replicas.

    Attributes:
        store: the memory.
        clock: the present instant, aware.
        on_good: told each backend's facts that another process, or an earlier life of this one,
            wrote.
        on_learnt: told such intermediates.
        every: seconds between two turns.
    """

    store: Store
    clock: Callable[[], datetime]
    on_good: Callable[[str, Good], None]
    on_learnt: Callable[[Certificate], None]
    every: float = EVERY_S
    _good: dict[str, Good] = field(default_factory=dict)
    _learnt: dict[Certificate, str] = field(default_factory=dict)
    _read_until: datetime | None = None

    def good(self, key: str, good: Good) -> None:
        """Queue these facts for the next turn."""
        self._good[key] = good

    def learnt(self, certificate: Certificate, source: str) -> None:
        """Queue this intermediate for the next turn; `source` is where it was seen."""
        self._learnt[certificate] = source

    async def load(self) -> None:
        """Read everything that is kept; for the start."""
        async with self.store.reading() as connection:
            for certificate in reversed(await learnt(connection)):
                self.on_learnt(certificate)
        await self._read()

    async def run(self, stop: asyncio.Event) -> None:
        """Take turns until `stop` is set, and a last one then.

        A database that fails for a while only delays what is kept.

        It is stopped by the event rather than cancelled, since a cancelled query leaves its
        connection to the garbage collector.
        """
        ending = False
        while not ending:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.every)
            ending = (
                stop.is_set()
            )  # before the turn, so that what comes during it is not left behind
            with suppress(DatabaseUnavailable):
                await self.turn()

    async def turn(self) -> None:
        """Write what is new, and read what others wrote."""
        good, certificates = dict(self._good), dict(self._learnt)
        if good or certificates:
            async with self.store.writing() as connection:
                for key, one in good.items():
                    await remember_good(connection, key, one.chain, one.setting, one.at)
                for certificate, source in certificates.items():
                    await learn(connection, {source: certificate}, self.clock())
        self._good = {key: one for key, one in self._good.items() if good.get(key) != one}
        self._learnt = {
            one: source for one, source in self._learnt.items() if one not in certificates
        }
        await self._read()

    async def _read(self) -> None:
        now = self.clock()
        async with self.store.reading() as connection:
            rows = await good_since(connection, self._read_until)
        for key, at, chain, setting in rows:
            if key not in self._good:
                self.on_good(key, Good(at=at, chain=chain, setting=setting))
        self._read_until = now - _OVERLAP  # clocks of replicas differ a little
