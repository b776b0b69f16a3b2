"""What channels follow is bounded, and what a digest says now is made in one place."""

from __future__ import annotations

import pytest

from bot.domain.refusal import Refusal, RefusalKind
from bot.store.subscriptions import add_subscription
from bot.subscriptions import SubscriptionRecords
from bot.subscriptions.records import MAX_IN_TOTAL, MAX_PER_CHANNEL
from tests.support.following import NOW, gateway, subscription

AUTHOR = ("T1", "C1", "U1")


async def follow(records: SubscriptionRecords, channel: str, number: int) -> str:
    """Why there may be no more, empty where it is stored."""
    value = subscription(channel=channel, target=gateway(f"gw{number}"))
    kept = await records.keep(value, None, AUTHOR, NOW, "subscribe")
    if not isinstance(kept, Refusal):
        return ""
    assert kept.kind is RefusalKind.LIMIT
    return kept.sentence


async def test_a_channel_follows_at_most_fifty(records: SubscriptionRecords) -> None:
    for number in range(MAX_PER_CHANNEL):
        await follow(records, "C1", number)
    refused = await follow(records, "C1", MAX_PER_CHANNEL)
    assert refused.startswith("This channel follows 50 targets already")
    assert await follow(records, "C2", 0) == ""
    assert len(await records.of_channel("C1")) == MAX_PER_CHANNEL


async def test_a_change_is_no_further_subscription(records: SubscriptionRecords) -> None:
    for number in range(MAX_PER_CHANNEL):
        await follow(records, "C1", number)
    before = (await records.of_channel("C1"))[0]
    changed = subscription(channel="C1", target=before.target, heartbeat=True)
    stored = await records.keep(changed, before, AUTHOR, NOW, "subscribe")
    assert not isinstance(stored, Refusal)
    assert (stored.id, stored.heartbeat) == (before.id, True)


async def test_the_bot_keeps_at_most_five_hundred(
    records: SubscriptionRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all channels together; the test takes five for the five hundred."""
    assert MAX_IN_TOTAL == 500
    monkeypatch.setattr("bot.subscriptions.records.MAX_IN_TOTAL", 5)
    async with records.store.writing() as connection:
        for number in range(4):
            value = subscription(channel=f"C{number}", target=gateway(f"gw{number}"))
            await add_subscription(connection, value)
    assert await follow(records, "last", 0) == ""
    refused = await follow(records, "another", 0)
    assert refused.startswith("The bot has 5 subscriptions already")
