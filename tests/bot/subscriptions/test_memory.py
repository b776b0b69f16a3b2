"""What channels follow is bounded, and what a digest says now is made in one place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import Store, open_store
from bot.store.subscriptions import add_subscription
from bot.subscriptions import AtLimit, SubscriptionMemory
from bot.subscriptions.memory import MOST_IN_ALL, MOST_OF_A_CHANNEL
from tests.support.databases import fill_folder
from tests.support.following import NOW, gateway, subscription

AUTHOR = ("T1", "C1", "U1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    url = await asyncio.to_thread(fill_folder, tmp_path)
    opened = await asyncio.to_thread(open_store, url)
    yield opened
    await opened.close()


@pytest.fixture
def memory(store: Store) -> SubscriptionMemory:
    return SubscriptionMemory(store=store, team="T1")


async def follow(memory: SubscriptionMemory, channel: str, number: int) -> None:
    value = subscription(channel=channel, target=gateway(f"gw{number}"))
    await memory.keep(value, None, AUTHOR, NOW, "subscribe")


async def test_a_channel_follows_at_most_fifty(memory: SubscriptionMemory) -> None:
    for number in range(MOST_OF_A_CHANNEL):
        await follow(memory, "C1", number)
    with pytest.raises(AtLimit, match="This channel follows 50 targets already"):
        await follow(memory, "C1", MOST_OF_A_CHANNEL)
    await follow(memory, "C2", 0)
    assert len(await memory.of_channel("C1")) == MOST_OF_A_CHANNEL


async def test_a_change_is_no_further_subscription(memory: SubscriptionMemory) -> None:
    for number in range(MOST_OF_A_CHANNEL):
        await follow(memory, "C1", number)
    before = (await memory.of_channel("C1"))[0]
    changed = subscription(channel="C1", target=before.target, heartbeat=True)
    stored = await memory.keep(changed, before, AUTHOR, NOW, "subscribe")
    assert (stored.id, stored.heartbeat) == (before.id, True)


async def test_the_bot_keeps_at_most_five_hundred(memory: SubscriptionMemory) -> None:
    async with memory.store.writing() as connection:
        for number in range(MOST_IN_ALL - 1):
            value = subscription(channel=f"C{number}", target=gateway(f"gw{number}"))
            await add_subscription(connection, value)
    await follow(memory, "last", 0)
    with pytest.raises(AtLimit, match="The bot has 500 subscriptions already"):
        await follow(memory, "another", 0)
