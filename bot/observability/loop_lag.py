"""Measures how late the event loop's timers run, for `/metrics`.

A check, a parser or a database call that blocks the loop delays every answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic

from prometheus_client import Gauge, Histogram

from bot.observability.metrics import REGISTRY

log = logging.getLogger(__name__)

EVERY_S, SELDOM_S = 0.25, 1.0
"""Seconds to the next measurement after a late one, and on time; each wakes an idle process."""
LATE_S = 0.5
_NOTICED_S = 0.025
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
LAG = Histogram(
    "appgw_loop_lag_seconds",
    "Delay of the timers of the event loop",
    buckets=_BUCKETS,
    registry=REGISTRY,
)
WORST = Gauge("appgw_loop_lag_worst_seconds", "Longest delay since the start", registry=REGISTRY)

TASKS = Gauge("appgw_tasks", "Tasks of the event loop", registry=REGISTRY)


@asynccontextmanager
async def loop_watchdog() -> AsyncIterator[None]:
    """Measure while the context is open."""
    watching = asyncio.create_task(_watch())
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch() -> None:
    worst, pause = 0.0, EVERY_S
    while True:
        began = monotonic()
        await asyncio.sleep(pause)
        lag = max(monotonic() - began - pause, 0.0)
        LAG.observe(lag)
        TASKS.set(len(asyncio.all_tasks()))
        if lag > worst:
            worst = lag
            WORST.set(worst)
        if lag > LATE_S:
            log.warning("the event loop was blocked", extra={"seconds": round(lag, 2)})
        pause = EVERY_S if lag > _NOTICED_S else min(pause * 2, SELDOM_S)
