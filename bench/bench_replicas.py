"""The same digests on one, two and four replicas with PostgreSQL.

The replicas are processes on this machine and share its cores. The result is that nothing is lost
or sent twice and that the work is divided, not the seconds.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from tests.support.databases import fresh_database
from tests.support.poster import Channels
from tests.support.replicas import follow_overdue, start_replica

REPLICAS, DUE, LONGEST_S = (1, 2, 4), 100, 120


def run() -> Iterator[Figure]:
    """Seconds and CPU until everything is delivered, and what was lost or sent twice."""
    for count in REPLICAS:
        with (
            tempfile.TemporaryDirectory() as folder,
            fresh_database("postgresql", Path(folder)) as url,
        ):
            yield from asyncio.run(_measure(url, count))


async def _measure(url: str, count: int) -> list[Figure]:
    await follow_overdue(url, DUE)
    before = _children()
    async with Channels(before=0.02, after=0.03) as channels:
        options = {"url": url, "poster": channels.url, "lease_s": 10}
        begun = time.monotonic()
        replicas = await asyncio.gather(
            *(start_replica({**options, "replica": f"r{number}"}) for number in range(count))
        )
        async with asyncio.timeout(LONGEST_S):
            while len(channels.arrived) < DUE:  # noqa: ASYNC110 -- it happens in other processes
                await asyncio.sleep(0.01)
        taken = time.monotonic() - begun
        for replica in replicas:
            replica.terminate()
        await asyncio.gather(*(replica.wait() for replica in replicas))
        wrong = len(channels.accepted) - len(channels.arrived)
    spent = (_children() - before) / DUE * 1000
    name = f"{DUE} digests on {count} replicas"
    return [
        Figure(name=f"{name}: all delivered after", value=taken, unit="s", size=count),
        Figure(name=f"{name}: CPU for each, start included", value=spent, unit="ms", size=count),
        Figure(name=f"{name}: lost or doubled", value=wrong, unit="", goal=0, size=count),
    ]


def _children() -> float:
    """Seconds of CPU of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
