"""Replicas as processes, and overdue digests for them: for tests and the bench."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.store import open_store
from bot.store.subscriptions import add_subscription
from tests.support.following import NOW, gateway, subscription


async def follow_overdue(url: str, count: int) -> None:
    """Let this many channels follow five gateways, with every digest overdue."""
    store = await asyncio.to_thread(open_store, url)
    async with store.writing() as connection:
        for n in range(count):
            due = NOW - timedelta(days=400)
            await add_subscription(
                connection,
                subscription(channel=f"C{n}", target=gateway(f"gw{n % 5}"), next_run_at=due),
            )
    await store.close()


@dataclass(frozen=True, slots=True)
class Replica:
    """A replica; signals go to the process that does the work, whatever was started for it."""

    started: Process
    pid: int

    @property
    def returncode(self) -> int | None:
        """How it ended, `None` while it runs."""
        return self.started.returncode

    def send_signal(self, number: int) -> None:
        """Kill, pause or continue it."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def expire_leases(self) -> None:
        """For it, the time of a lease passes."""
        self.send_signal(signal.SIGUSR1)

    async def wait(self) -> int:
        """Its exit status."""
        return await self.started.wait()


COLD = (sys.executable, "-m", "tests.support.engine_child")


async def start_replica(options: Mapping[str, object], program: Sequence[str] = COLD) -> Replica:
    """Start one (options as in `tests.support.engine_child`) and wait until it works.

    The caller ends it.
    """
    process = await asyncio.create_subprocess_exec(*program, json.dumps(options), stdout=PIPE)
    assert process.stdout is not None
    ready, pid = (await process.stdout.readline()).split()
    assert ready == b"ready"
    return Replica(process, int(pid))
