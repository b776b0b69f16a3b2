"""Two replicas with PostgreSQL; one is killed while 200 digests are due.

Measures the time until the other has delivered the rest.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from tests.support.databases import fresh_database
from tests.support.poster import Channels
from tests.support.replicas import follow_overdue, start_replica

DUE, LEASE_S, GOAL_AFTER_LEASE_S, LONGEST_S = 200, 2, 10, 120


def run() -> Iterator[Figure]:
    """Seconds from the kill to the last digest, and what was lost or sent twice."""
    with tempfile.TemporaryDirectory() as folder, fresh_database("postgresql", Path(folder)) as url:
        yield from asyncio.run(_measure(url))


async def _measure(url: str) -> list[Figure]:
    await follow_overdue(url, DUE)
    async with Channels(before=0.02, after=0.03) as channels:
        options = {"url": url, "poster": channels.url, "lease_s": LEASE_S}
        victim, heir = await asyncio.gather(
            *(start_replica({**options, "replica": name}) for name in ("a", "b"))
        )
        await _arrived(channels, DUE // 4)
        victim.kill()
        killed_at = time.monotonic()
        await _arrived(channels, DUE)
        taken = time.monotonic() - killed_at
        await asyncio.sleep(LEASE_S)
        heir.terminate()
        await asyncio.gather(victim.wait(), heir.wait())
        wrong = DUE - len(channels.arrived) + len(channels.accepted) - len(channels.arrived)
    return [
        Figure(
            name=f"a replica killed, lease {LEASE_S} s: all delivered after",
            value=taken,
            unit="s",
            goal=LEASE_S + GOAL_AFTER_LEASE_S,
        ),
        Figure(name="digests lost or doubled", value=wrong, unit="", goal=0),
    ]


async def _arrived(channels: Channels, count: int) -> None:
    async with asyncio.timeout(LONGEST_S):
        while len(channels.arrived) < count:  # noqa: ASYNC110 -- what is waited for happens in other processes
            await asyncio.sleep(0.01)
