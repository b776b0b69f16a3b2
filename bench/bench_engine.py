"""The engine at nine o'clock.

5,000 subscriptions over 20,000 backends of 200 gateways due in one minute (a fifth of that on
SQLite).

A post is 60 ms of waiting; looks answer at once, so that what is measured is the engine's own work.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import psutil

from bench.figures import Figure, percentile
from bot.domain.delivery import Message
from bot.engine import Engine, EngineSettings, Ports
from bot.store import Store, open_store
from bot.store.subscriptions import add_subscription
from tests.support.databases import fresh_database
from tests.support.following import NOW, FixedLooker, gateway, render, subscription

BACKENDS_EACH, CHANNELS_EACH = 100, 25
GATEWAYS = {"postgresql": 200, "sqlite": 40}
POST_S, LAG_EVERY_S, LONGEST_S = 0.06, 0.01, 400


class Channels:
    """Accepts everything after 60 ms."""

    def __init__(self) -> None:
        self.accepted: list[str] = []

    async def post(self, channel: str, message: Message, delivery_id: str) -> str:
        """Accept."""
        del channel, message
        await asyncio.sleep(POST_S)
        self.accepted.append(delivery_id)
        return str(len(self.accepted))

    async def find(
        self, channel: str, delivery_id: str, since: object, until: object
    ) -> str | None:
        """Nothing is ever in doubt here."""
        del channel, delivery_id, since, until
        return None


def run() -> Iterator[Figure]:
    """Figures on PostgreSQL, where they have goals, and on SQLite."""
    for kind in GATEWAYS:
        with tempfile.TemporaryDirectory() as folder, fresh_database(kind, Path(folder)) as url:
            yield from asyncio.run(_measure(kind, url))


async def _measure(kind: str, url: str) -> list[Figure]:
    store = await asyncio.to_thread(open_store, url)
    gateways = GATEWAYS[kind]
    await _follow(store, gateways)
    clock = [
        NOW - timedelta(days=1, minutes=10)
    ]  # just before the subscriptions were made: nothing is due, nothing looked at
    channels, looker = Channels(), FixedLooker(backends=BACKENDS_EACH)
    ports = Ports(clock=lambda: clock[0], looker=looker, renderer=render, poster=channels)
    settings = EngineSettings(
        confirm_gap=timedelta(seconds=1), spacing=timedelta(0), tick_pause=timedelta(hours=1)
    )
    engine = Engine(url, store, ports, settings)
    threads = threading.active_count()
    await engine.start()
    await asyncio.sleep(1)
    clock[0], begun = NOW, perf_counter()
    lags: list[float] = []
    watch = asyncio.create_task(_watch_lag(lags))
    await engine.tick()
    ticked = perf_counter() - begun
    await _delivered(channels, gateways * CHANNELS_EACH)
    taken = perf_counter() - begun
    watch.cancel()
    grown, memory = threading.active_count() - threads, psutil.Process().memory_info().rss / 2**20
    await engine.stop()
    await store.close()
    bound = kind == "postgresql"
    return [
        Figure(name=f"{kind}: tick transaction", value=ticked, unit="s", goal=5 if bound else None),
        Figure(name=f"{kind}: all digests delivered", value=taken, unit="s"),
        Figure(
            name=f"{kind}: digests lost or doubled",
            value=_wrong(channels, gateways * CHANNELS_EACH),
            unit="",
            goal=0,
        ),
        Figure(
            name=f"{kind}: looks at each gateway",
            value=len(looker.looked) / gateways,
            unit="",
            goal=3,
        ),
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
