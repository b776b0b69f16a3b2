"""The order of a channel's digests while replicas stand still in the middle of a release."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.model.delivery import DigestRun
from bot.store import Store, open_store
from bot.store.runs import claim_due, mark_ready, release, wait_for_check
from bot.store.subscriptions import add_subscription
from tests.support.following import NOW, gateway, subscription

pytestmark = [pytest.mark.postgres, pytest.mark.may_block, pytest.mark.timeout(30)]


async def due(store: Store, channels: str) -> list[DigestRun]:
    """A run for each letter, in the channel of that name; each waits for a check of its own number."""
    async with store.writing() as connection:
        for number, channel in enumerate(channels):
            await add_subscription(connection, subscription(channel=channel, target=gateway(f"gw{number}")))
        runs = sorted(await claim_due(connection, NOW + timedelta(minutes=1)), key=lambda run: run.id)
        for number, run in enumerate(runs):
            await wait_for_check(connection, [run], f"check:{number}")
    return runs


async def released(store: Store, check: str) -> list[str]:
    """What a check's end queues."""
    async with store.writing() as connection:
        await mark_ready(connection, check)
    async with store.writing() as connection:
        return [run.id for run in await release(connection, check)]


async def test_replica_that_is_frozen_in_a_release_holds_up_its_own_channel_alone(postgres_url: str) -> None:
    store = await asyncio.to_thread(open_store, postgres_url)
    runs = await due(store, "AB")
    async with asyncio.timeout(5), store.writing() as frozen:
        await mark_ready(frozen, "check:0")
        await release(frozen, "check:0")
        assert await released(store, "check:1") == [runs[1].id]
    await store.close()


async def test_looks_that_end_together_leave_no_digest_waiting(postgres_url: str) -> None:
    """The second look ends while the first one's release has not yet been committed."""
    store = await asyncio.to_thread(open_store, postgres_url)
    runs = await due(store, "AA")
    async with store.writing() as slow:
        await mark_ready(slow, "check:0")
        assert await released(store, "check:1") == []
    assert await released(store, "check:0") == [run.id for run in runs]
    await store.close()
