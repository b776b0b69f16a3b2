"""A person sees what the channels follow in which they subscribed and still are."""

from __future__ import annotations

from collections.abc import Collection

from bot.store.subscriptions import add_subscription
from bot.subscriptions import SubscriptionRecords
from bot.subscriptions.app_home import app_home_content
from tests.support.following import NOW, gateway, subscription


async def test_only_channels_of_the_person_are_shown(records: SubscriptionRecords) -> None:
    asked: list[Collection[str]] = []

    async def memberships(channels: Collection[str]) -> Collection[str]:
        asked.append(channels)
        return {"C1"}

    async with records.store.writing() as connection:
        for channel, by, name in (
            ("C1", "U1", "own"),
            ("C1", "U2", "beside"),
            ("C2", "U1", "left"),
            ("C3", "U2", "foreign"),
        ):
            value = subscription(channel=channel, created_by=by, target=gateway(name))
            await add_subscription(connection, value)
    shown = await app_home_content(records, "U1", memberships, NOW)
    assert asked == [{"C1", "C2"}]
    assert [one.target.text for one in shown.followed] == ["gw:own", "gw:beside"]
    assert (shown.hidden, shown.muted, shown.problems) == (1, 0, ())
