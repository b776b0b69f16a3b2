"""Full checks of many backends, 24 at once as in one gateway, at three sizes.

CPU of this process alone, beside the loop of handshakes in C in interleaved rounds; the backends
are one server in another process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import psutil

from bench import lag
from bench.bench_capture import compiled_loop, handshake_micros
from bench.figures import Figure, growth
from bench.lone_server import HOST, Served, served
from bot.checks import CheckContext, check
from bot.checks.gateway import MAX_PARALLEL_MEMBERS
from bot.domain.report import CheckRequest
from chainlib import GatewayPolicy, HttpProbeRule, Target, TrustAnchors, TrustMode
from chainlib.aio import load_well_known

SIZES, ROUNDS, AT_ONCE = (250, 500, 1000), 3, MAX_PARALLEL_MEMBERS
PER_SECOND, MEMORY_MB, LAG_MS, FLAT = 600, 100, 20, 1.15
# What 600 a second means where a handshake of the loop in C takes 0.68 ms, as when it was set.
HANDSHAKES = 2.45


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sweep:
    """One sweep: microseconds of CPU for one backend, and of one handshake in C beside it."""

    each: float
    bare: float
    memory: float
    lag: lag.Lag


def run() -> Iterator[Figure]:
    """Cost of one backend, memory and the loop's lag at each size, and the growth."""
    load_well_known()
    with served() as server, TemporaryDirectory() as folder:
        loop = compiled_loop(Path(folder))
        asyncio.run(_sweep(server, SIZES[0], loop))
        lag.collect_as_served()
        rounds = [
            {size: asyncio.run(_sweep(server, size, loop)) for size in SIZES} for _ in range(ROUNDS)
        ]
        for size in SIZES:
            yield from _figures(size, [one[size] for one in rounds])
        each = [(size, median(one[size].each for one in rounds)) for size in SIZES]
        yield growth("sweep", each, goal=FLAT)
        idle = asyncio.run(lag.idle()).clock_ms
        yield Figure(name="lag of an idle loop, p99: what the machine adds", value=idle, unit="ms")


def _figures(size: int, taken: list[_Sweep]) -> Iterator[Figure]:
    each = median(one.each for one in taken)
    # The goal is a rate; the figure is kept as time for a backend, so that less is better.
    yield Figure(
        name=f"full check of a backend, CPU ({1e6 / each:,.0f} a second of CPU)",
        value=each,
        unit="us",
        goal=1e6 / PER_SECOND,
        size=size,
    )
    if all(one.bare for one in taken):
        ratio = median(one.each / one.bare for one in taken)
        name = "the same / a handshake of the loop in C"
        yield Figure(name=name, value=ratio, unit="x", goal=HANDSHAKES, size=size)
    memory = max(one.memory for one in taken)
    yield Figure(name="memory of the process", value=memory, unit="MB", goal=MEMORY_MB, size=size)
    yield from lag_figures([one.lag for one in taken], size)


def lag_figures(taken: list[lag.Lag], size: int) -> Iterator[Figure]:
    """The median over rounds by the clock, and of the process's own work."""
    for name, value in (
        ("event loop lag, p99", median(one.clock_ms for one in taken)),
        ("event loop lag, p99, by its own CPU", median(one.own_ms for one in taken)),
    ):
        yield Figure(name=name, value=value, unit="ms", goal=LAG_MS, size=size)


async def _sweep(server: Served, size: int, loop: Path | None) -> _Sweep:
    bare = await asyncio.to_thread(handshake_micros, loop, server.port) if loop else 0.0
    turns = asyncio.Semaphore(AT_ONCE)
    async with lag.watched() as watched:
        begun = process_time()
        await asyncio.gather(*(_one(server, turns) for _ in range(size)))
        spent = process_time() - begun
    memory = psutil.Process().memory_info().rss / 2**20
    return _Sweep(each=spent / size * 1e6, bare=bare, memory=memory, lag=watched)


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
