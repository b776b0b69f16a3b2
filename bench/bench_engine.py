"""The engine with many digests due in the same minute, at three sizes.

25 channels subscribe to each gateway of 100 backends. A post waits 60 ms and observations answer at
once, so that only the engine's own work is measured.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time

import psutil

from bench.figures import Figure, growth, percentile
from bot.domain.delivery import Message
from bot.engine import Engine, EngineSettings, Ports
from bot.store import Store, open_store
from bot.store.subscriptions import add_subscription
from tests.support.databases import fresh_database
from tests.support.following import NOW, FixedObserver, gateway, render, subscription

BACKENDS_EACH, CHANNELS_EACH = 100, 25
KINDS, GATEWAYS = ("postgresql", "sqlite"), (2, 6, 18)
POST_S, LAG_EVERY_S, LONGEST_S = 0.06, 0.01, 120
FLAT = 1.5


POLL = timedelta(seconds=0.5)


class Channels:
    """A poster that accepts everything after 60 ms."""

    def __init__(self) -> None:
        self.accepted: list[str] = []

    async def post(self, channel: str, message: Message, delivery_id: str) -> str:
        """Accept the message."""
        del channel, message
        await asyncio.sleep(POST_S)
        self.accepted.append(delivery_id)
        return str(len(self.accepted))

    async def find(
        self, channel: str, delivery_id: str, since: object, until: object
    ) -> str | None:
        """Never called, because no outcome is unknown here."""
        del channel, delivery_id, since, until
        return None


def run() -> Iterator[Figure]:
    """Figures on PostgreSQL, where they have goals, and on SQLite."""
    for kind in KINDS:
        costs = []
        for gateways in GATEWAYS:
            with tempfile.TemporaryDirectory() as folder, fresh_database(kind, Path(folder)) as url:
                figures = asyncio.run(_measure(kind, url, gateways))
            costs.append((gateways * CHANNELS_EACH, figures[0].value))
            yield from figures
        yield growth(f"{kind}: CPU of a digest", costs, goal=FLAT)


async def _measure(kind: str, url: str, gateways: int) -> list[Figure]:
    store = await asyncio.to_thread(open_store, url)
    await _follow(store, gateways)
    clock = [
        NOW - timedelta(days=1, minutes=10)
    ]  # just before the subscriptions are created: nothing is due or observed yet
    channels, observer = Channels(), FixedObserver(backends=BACKENDS_EACH)
    ports = Ports(clock=lambda: clock[0], observer=observer, renderer=render, poster=channels)
    settings = EngineSettings(
        confirm_gap=timedelta(seconds=1),
        spacing=timedelta(0),
        tick_pause=timedelta(hours=1),
        poll=POLL,
    )
    engine = Engine(url, store, ports, settings)
    threads = threading.active_count()
    await engine.start()
    await asyncio.sleep(1)
    clock[0], begun, spent = NOW, perf_counter(), process_time()
    lags: list[float] = []
    watch = asyncio.create_task(_watch_lag(lags))
    await engine.tick()
    ticked = perf_counter() - begun
    await _delivered(channels, gateways * CHANNELS_EACH)
    taken, spent = perf_counter() - begun, process_time() - spent
    watch.cancel()
    grown, memory = threading.active_count() - threads, psutil.Process().memory_info().rss / 2**20
    await engine.stop()
    await store.close()
    bound, due = kind == "postgresql", gateways * CHANNELS_EACH
    wrong, looks = _wrong(channels, due), len(observer.observed) / gateways
    figures = [
        Figure(name=f"{kind}: CPU of a digest", value=spent / due * 1000, unit="ms"),
        Figure(name=f"{kind}: tick transaction", value=ticked, unit="s", goal=5 if bound else None),
        Figure(name=f"{kind}: all digests delivered", value=taken, unit="s"),
        Figure(name=f"{kind}: digests lost or doubled", value=wrong, unit="", goal=0),
        Figure(name=f"{kind}: looks at each gateway", value=looks, unit="", goal=3),
        Figure(
            name=f"{kind}: event loop lag, p99",
            value=percentile(lags, 0.99) * 1000,
            unit="ms",
            goal=100 if bound else None,
        ),
        Figure(name=f"{kind}: event loop lag, longest", value=max(lags) * 1000, unit="ms"),
        Figure(name=f"{kind}: memory", value=memory, unit="MB", goal=300),
        Figure(name=f"{kind}: threads of the engine", value=grown, unit="", goal=100),
    ]
    return [replace(figure, size=due) for figure in figures]


async def _delivered(channels: Channels, due: int) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_S):
            while len(channels.accepted) < due:  # noqa: ASYNC110 -- the engine tells nobody when it has done
                await asyncio.sleep(0.1)


def _wrong(channels: Channels, due: int) -> int:
    return (
        abs(len(set(channels.accepted)) - due)
        + len(channels.accepted)
        - len(set(channels.accepted))
    )


async def _follow(store: Store, gateways: int) -> None:
    async with store.writing() as connection:
        for n in range(gateways * CHANNELS_EACH):
            await add_subscription(
                connection, subscription(channel=f"C{n}", target=gateway(f"gw{n % gateways}"))
            )


async def _watch_lag(lags: list[float]) -> None:
    while True:
        begun = perf_counter()
        await asyncio.sleep(LAG_EVERY_S)
        lags.append(perf_counter() - begun - LAG_EVERY_S)
