"""Full checks of many backends, 24 at once as in one gateway, at three sizes.

CPU of this process alone; the backends are one server in another process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from time import perf_counter, process_time

import psutil

from bench.figures import Figure, growth, percentile
from bench.lone_server import HOST, Served, served
from bot.checks import CheckContext, check
from bot.checks.gateway import MAX_PARALLEL_MEMBERS
from bot.domain.report import CheckRequest
from chainlib import GatewayPolicy, HttpProbeRule, Target, TrustAnchors, TrustMode
from chainlib.aio import load_well_known

SIZES, AT_ONCE, LAG_EVERY_S = (250, 500, 1000), MAX_PARALLEL_MEMBERS, 0.01
PER_SECOND, MEMORY_MB, LAG_MS, FLAT = 600, 100, 20, 1.15


def run() -> Iterator[Figure]:
    """Cost of one backend, memory and the loop's lag at each size, and the growth."""
    load_well_known()
    with served() as server:
        asyncio.run(_sweep(server, SIZES[0]))
        costs = []
        for size in SIZES:
            figures = asyncio.run(_sweep(server, size))
            costs.append((size, figures[0].value))
            yield from figures
        yield growth("sweep", costs, goal=FLAT)


async def _sweep(server: Served, size: int) -> list[Figure]:
    lags: list[float] = []
    watching = asyncio.create_task(_watch(lags))
    turns = asyncio.Semaphore(AT_ONCE)
    begun = process_time()
    await asyncio.gather(*(_one(server, turns) for _ in range(size)))
    spent = (process_time() - begun) / size
    watching.cancel()
    memory = psutil.Process().memory_info().rss / 2**20
    lag = percentile(lags, 0.99) * 1000
    # The goal is a rate; the figure is kept as time for a backend, so that less is better.
    return [
        Figure(
            name=f"full check of a backend, CPU ({1 / spent:,.0f} a second of CPU)",
            value=spent * 1e6,
            unit="us",
            goal=1e6 / PER_SECOND,
            size=size,
        ),
        Figure(name="memory of the process", value=memory, unit="MB", goal=MEMORY_MB, size=size),
        Figure(name="event loop lag, p99", value=lag, unit="ms", goal=LAG_MS, size=size),
    ]


async def _one(server: Served, turns: asyncio.Semaphore) -> None:
    target = Target(host=HOST, address="127.0.0.1", port=server.port, server_name=HOST)
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(server.root,))
    policy = GatewayPolicy(anchors=anchors, name=HOST, http=HttpProbeRule(host_header=HOST))
    context = CheckContext(
        clock=lambda: datetime.now(tz=UTC), timeout=60, without_sni=lambda _target, _at: False
    )
    async with turns:
        report = await check(CheckRequest(target=target, policy=policy), context)
    assert report.verdict.accepted, report.verdict.headline


async def _watch(lags: list[float]) -> None:
    while True:
        begun = perf_counter()
        await asyncio.sleep(LAG_EVERY_S)
        lags.append(perf_counter() - begun - LAG_EVERY_S)
