"""What channels follow is bounded, and what a digest says now is made in one place."""

from __future__ import annotations

from bot.domain.refusal import Refusal, RefusalKind
from bot.store.subscriptions import add_subscription
from bot.subscriptions import SubscriptionMemory
from bot.subscriptions.memory import MOST_IN_ALL, MOST_OF_A_CHANNEL
from tests.support.following import NOW, gateway, subscription

AUTHOR = ("T1", "C1", "U1")


async def follow(memory: SubscriptionMemory, channel: str, number: int) -> str:
    """Why there may be no more, empty where it is stored."""
    value = subscription(channel=channel, target=gateway(f"gw{number}"))
    kept = await memory.keep(value, None, AUTHOR, NOW, "subscribe")
    if not isinstance(kept, Refusal):
        return ""
    assert kept.kind is RefusalKind.LIMIT
    return kept.sentence


async def test_a_channel_follows_at_most_fifty(memory: SubscriptionMemory) -> None:
    for number in range(MOST_OF_A_CHANNEL):
        await follow(memory, "C1", number)
    refused = await follow(memory, "C1", MOST_OF_A_CHANNEL)
    assert refused.startswith("This channel follows 50 targets already")
    assert await follow(memory, "C2", 0) == ""
    assert len(await memory.of_channel("C1")) == MOST_OF_A_CHANNEL


async def test_a_change_is_no_further_subscription(memory: SubscriptionMemory) -> None:
    for number in range(MOST_OF_A_CHANNEL):
        await follow(memory, "C1", number)
    before = (await memory.of_channel("C1"))[0]
    changed = subscription(channel="C1", target=before.target, heartbeat=True)
    stored = await memory.keep(changed, before, AUTHOR, NOW, "subscribe")
    assert not isinstance(stored, Refusal)
    assert (stored.id, stored.heartbeat) == (before.id, True)


async def test_the_bot_keeps_at_most_five_hundred(memory: SubscriptionMemory) -> None:
    async with memory.store.writing() as connection:
        for number in range(MOST_IN_ALL - 1):
            value = subscription(channel=f"C{number}", target=gateway(f"gw{number}"))
            await add_subscription(connection, value)
    assert await follow(memory, "last", 0) == ""
    refused = await follow(memory, "another", 0)
    assert refused.startswith("The bot has 500 subscriptions already")
