"""A replica in a process of its own, which tests can kill and pause.

`python -m tests.support.engine_child '{"url": ...}'`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.domain.delivery import WithoutHistory
from bot.engine import Engine, EngineSettings, Ports
from bot.store import open_store
from tests.support.following import FixedObserver, render
from tests.support.poster import ChannelPoster


class _Leases:
    """Seconds for leases: monotonic seconds, plus one lease for each SIGUSR1."""

    def __init__(self, lease_s: float) -> None:
        self._lease_s, self._passed = lease_s, 0.0
        self._beats: set[asyncio.Task[None]] = set()

    def __call__(self) -> float:
        """The seconds."""
        return time.monotonic() + self._passed  # time: for the engine, which takes its clock

    def expire(self, engine: Engine) -> None:
        """The time of a lease passes, and the heartbeat comes that is due then."""
        self._passed += self._lease_s
        beat = asyncio.create_task(engine._keep_lease())
        self._beats.add(beat)
        beat.add_done_callback(self._beats.discard)


async def _serve(options: dict[str, Any]) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    leases = _Leases(options.get("lease_s", 30))
    shift = timedelta(seconds=options.get("shift_s", 0))
    settings = EngineSettings(
        replica=options.get("replica", "a"),
        history=options.get("history", True),
        without_history=WithoutHistory.AT_LEAST_ONCE,
        lease=timedelta(seconds=options.get("lease_s", 30)),
        confirm_gap=timedelta(seconds=0.05),
        settle=timedelta(seconds=0.2),
        spacing=timedelta(seconds=options.get("spacing_s", 0)),
        tick_pause=timedelta(seconds=0.1),
        poll=timedelta(seconds=0.1),
        drain=timedelta(seconds=1),
        parallel=options.get("parallel", 10),
    )
    store = open_store(options["url"])
    async with aiohttp.ClientSession() as session:
        poster = ChannelPoster(options["poster"], session)
        ports = Ports(
            clock=lambda: datetime.now(UTC) + shift,
            observer=FixedObserver(),
            renderer=render,
            poster=poster,
        )
        engine = Engine(options["url"], store, ports, settings, leases)
        await engine.start()
        loop.add_signal_handler(signal.SIGUSR1, leases.expire, engine)
        print("ready", os.getpid(), flush=True)  # noqa: T201 -- tells the test that started it
        await stop.wait()
        await engine.stop()
    await store.close()


def main() -> None:
    """Run one with the options in the first argument."""
    asyncio.run(_serve(json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()
