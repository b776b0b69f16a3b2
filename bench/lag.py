"""How long an event loop is held up, by the clock and by the work of this process alone."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter, process_time

from bench.figures import percentile
from bot.cli import COLLECTED_AFTER

EVERY_S, SHARE = 0.01, 0.99


@dataclass(slots=True, kw_only=True)
class Lag:
    """What a timer of ten milliseconds came too late, again and again.

    Attributes:
        clock: seconds by the clock, which other processes lengthen.
        own: seconds of this process's CPU beyond what fits between two rings.
    """

    clock: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)

    @property
    def clock_ms(self) -> float:
        """The 99th percentile by the clock in milliseconds."""
        return percentile(self.clock, SHARE) * 1000

    @property
    def own_ms(self) -> float:
        """The 99th percentile of this process's own work in milliseconds."""
        return percentile(self.own, SHARE) * 1000


@asynccontextmanager
async def watched() -> AsyncIterator[Lag]:
    """The lag of the running loop until the block ends."""
    lag = Lag()
    watching = asyncio.create_task(_watch(lag))
    try:
        yield lag
    finally:
        watching.cancel()


def collect_as_served() -> None:
    """Set the garbage collector as `appgw serve` does once it is ready.

    With Python's own thresholds one collection stops the loop for 45 ms and decides the lag.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


async def idle() -> Lag:
    """The lag of a loop that has nothing to do: what the machine adds."""
    async with watched() as lag:
        await asyncio.sleep(2)
    return lag


async def _watch(lag: Lag) -> None:
    while True:
        begun, worked = perf_counter(), process_time()
        await asyncio.sleep(EVERY_S)
        lag.clock.append(max(perf_counter() - begun - EVERY_S, 0.0))
        lag.own.append(max(process_time() - worked - EVERY_S, 0.0))
