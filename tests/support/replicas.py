"""Replicas as processes of their own, and what they find due: for tests and the bench."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from datetime import timedelta

from bot.store import open_store
from bot.store.subscriptions import add_subscription
from tests.support.following import NOW, gateway, subscription


async def follow_overdue(url: str, count: int) -> None:
    """So many channels follow five gateways; every digest is overdue."""
    store = await asyncio.to_thread(open_store, url)
    async with store.writing() as connection:
        for n in range(count):
            due = NOW - timedelta(days=400)
            await add_subscription(
                connection,
                subscription(channel=f"C{n}", target=gateway(f"gw{n % 5}"), next_run_at=due),
            )
    await store.close()


async def start_replica(options: Mapping[str, object]) -> Process:
    """Start one (`tests.support.engine_child` says with which options) and wait until it works.

    Whoever starts it ends it.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.engine_child", json.dumps(options), stdout=PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process
