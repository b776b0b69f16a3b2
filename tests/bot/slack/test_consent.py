"""In a channel that another organisation can read, cards wait for the consent of one of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.domain.outage import DatabaseUnavailable
from bot.domain.sharing import Sharing
from bot.store import open_store
from bot.subscriptions import SharedChannels
from playground.slack import Channel, Fault, Message
from tests.bot.store.test_availability import read_only_switch
from tests.support.arm import MovableClock
from tests.support.databases import fill_folder
from tests.support.slackbot import RunningBot
from tests.support.tls_server import NAME, Estate
from tests.support.wholebot import World, read, whole_bot

pytestmark = pytest.mark.may_block
ESTATE = Estate()
CHECK = f"{NAME}:1"
SHARED, COLLEAGUE, PARTNER = "C0SHARED", "U0SECOND", "U0PARTNER"


async def resolver(_host: str, _port: int) -> Sequence[str]:
    return ("127.0.0.1",)


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[RunningBot]:
    async with whole_bot(World(loopback=True, resolver=resolver), tmp_path) as running:
        yield running


def public(bot: RunningBot) -> list[Message]:
    return [one for one in bot.slack.messages(SHARED) if one.by_bot]


async def private(bot: RunningBot, starts: str, user: str = "U0ONCALL") -> Message:
    return await bot.slack.until(
        lambda: next((m for m in bot.slack.ephemerals(user) if m.text.startswith(starts)), None)
    )


async def test_card_waits_for_remembered_and_revocable_consent(bot: RunningBot) -> None:
    async with ESTATE.backend() as backend:
        target = f"{NAME}:{backend.port}"
        await bot.slack.mention(target, channel=SHARED)
        wanted = await private(bot, "Allow cards")
        assert any(NAME in one.text for one in bot.slack.ephemerals())
        assert public(bot) == []

        await bot.slack.click(wanted, "consent")
        await bot.slack.until(lambda: any("Cards are shown" in one.text for one in public(bot)))
        await bot.slack.command(target, channel=SHARED)
        await bot.slack.until(lambda: any(NAME in one.text for one in public(bot)))

        given = next(one for one in public(bot) if "Cards are shown" in one.text)
        await bot.slack.click(given, "revoke_consent")
        await private(bot, "Cards are shown to the asker alone")
        count = len(public(bot))
        await bot.slack.command(target, channel=SHARED, user=COLLEAGUE)
        await private(bot, "Allow cards", COLLEAGUE)
        assert len(public(bot)) == count


async def test_command_is_private_once_slack_said_shared(tmp_path: Path) -> None:
    async with whole_bot(World(digests=True), tmp_path) as bot:
        await bot.slack.mention("whoami", channel=SHARED)
        await bot.slack.mention("list", channel=SHARED)
        await private(bot, "Allow cards")
        subscribe = f"subscribe {NAME} daily 08:30 tz=UTC"
        await bot.slack.command(subscribe, channel=SHARED, user=COLLEAGUE)
        await private(bot, "Allow cards", COLLEAGUE)
        assert public(bot) == []


async def test_first_command_is_private_before_any_event(bot: RunningBot) -> None:
    async with ESTATE.backend() as backend:
        await bot.slack.command(f"{NAME}:{backend.port}", channel=SHARED)
        await private(bot, "Allow cards")
        assert any(NAME in one.text for one in bot.slack.ephemerals())
    assert public(bot) == []


def add(bot: RunningBot, channel: Channel) -> str:
    bot.slack.workspace.channels[channel.id] = channel
    return channel.id


async def test_channel_about_to_be_shared_counts(bot: RunningBot) -> None:
    channel = add(bot, Channel(id="C0PENDING", name="pending", pending=True))
    await bot.slack.command(CHECK, channel=channel)
    assert await private(bot, "Allow cards")
    assert not bot.slack.messages("C0PENDING")


async def test_channel_of_own_workspaces_is_not_shared(bot: RunningBot) -> None:
    channel = add(bot, Channel(id="C0OWN", name="own", own_workspaces=True))
    async with ESTATE.backend() as backend:
        await bot.slack.command(f"{NAME}:{backend.port}", channel=channel)
        await bot.slack.until(lambda: any(one.by_bot for one in bot.slack.messages(channel)))
    assert not any(one.text.startswith("Allow cards") for one in bot.slack.ephemerals())


async def test_event_of_sharing_ends_what_was_known(bot: RunningBot) -> None:
    channel = add(bot, Channel(id="C0LATER", name="later"))
    await bot.slack.command(CHECK, channel=channel)
    await bot.slack.until(lambda: bot.slack.messages(channel))
    add(bot, Channel(id="C0LATER", name="later", foreign=True))
    await bot.slack.event({"type": "channel_shared", "channel": channel})
    await bot.slack.command(CHECK, channel=channel, user=COLLEAGUE)
    assert await private(bot, "Allow cards", COLLEAGUE)
    assert not any(m.text.startswith("Allow cards") for m in bot.slack.ephemerals("U0ONCALL"))


@pytest.mark.parametrize(
    "sharing", [Sharing.SHARED, Sharing.UNSAID], ids=["said-now", "said-before"]
)
async def test_shared_channel_waits_while_the_database_is_down(
    tmp_path: Path,
    sharing: Sharing,
) -> None:
    store = await asyncio.to_thread(open_store, fill_folder(tmp_path))
    channels = SharedChannels(store=store, team="T1", clock=MovableClock())
    if sharing is Sharing.UNSAID:
        assert await channels.awaits_consent(SHARED, sharing=Sharing.SHARED)
    switch = read_only_switch(store)
    switch(True)  # noqa: FBT003 -- on
    assert await channels.awaits_consent(SHARED, sharing=sharing)
    with pytest.raises(DatabaseUnavailable):
        await channels.consent(SHARED, COLLEAGUE)
    assert await channels.awaits_consent(SHARED, sharing=sharing)
    switch(False)  # noqa: FBT003 -- off
    await channels.consent(SHARED, COLLEAGUE)
    assert not await channels.awaits_consent(SHARED, sharing=Sharing.SHARED)
    await store.close()


async def test_partner_cannot_consent(bot: RunningBot) -> None:
    await bot.slack.mention(CHECK, channel=SHARED)
    wanted = await private(bot, "Allow cards")
    await bot.slack.click(wanted, "consent", user=PARTNER)
    await private(bot, "Only people", PARTNER)
    await bot.slack.command(CHECK, channel=SHARED, user=COLLEAGUE)
    await private(bot, "Allow cards", COLLEAGUE)
    assert public(bot) == []


async def test_late_slack_is_waited_for_in_private(tmp_path: Path) -> None:
    world = World(loopback=True, resolver=resolver, sharing_waits=(0.01, 30.0))
    async with whole_bot(world, tmp_path) as bot, ESTATE.backend() as backend:
        channel = add(bot, Channel(id="C0SLOW", name="slow"))
        bot.slack.faults.add(Fault(method="conversations.info", before=0.5))
        await bot.slack.command(f"{NAME}:{backend.port}", channel=channel)
        await private(bot, "Looking")
        await bot.slack.until(lambda: any(one.by_bot for one in bot.slack.messages(channel)))
        assert not any(one.text.startswith("Allow") for one in bot.slack.ephemerals())


async def test_card_is_private_while_slack_never_says(tmp_path: Path) -> None:
    world = World(loopback=True, resolver=resolver, digests=True, sharing_waits=(0.01, 0.01))
    async with whole_bot(world, tmp_path) as bot, ESTATE.backend() as backend:
        channel = add(bot, Channel(id="C0SILENT", name="silent"))
        bot.slack.faults.add(Fault(method="conversations.info", before=120.0))
        await bot.slack.command(f"{NAME}:{backend.port}", channel=channel)
        wanted = await private(bot, "Allow cards in this channel")
        assert "Slack does not say right now" in read(wanted)
        assert any(NAME in read(one) for one in bot.slack.ephemerals())
        await bot.slack.command(f"subscribe {NAME} daily 08:30 tz=UTC", channel=channel)
        await bot.slack.until(
            lambda: any("Nothing was changed" in read(m) for m in bot.slack.ephemerals())
        )
        assert not [one for one in bot.slack.messages(channel) if one.by_bot]


async def test_failing_slack_keeps_a_card_private(bot: RunningBot) -> None:
    channel = add(bot, Channel(id="C0FAILING", name="failing"))
    bot.slack.faults.add(Fault(method="conversations.info", error="internal_error"))
    await bot.slack.command(CHECK, channel=channel)
    await private(bot, "Allow cards in this channel")
    assert not [one for one in bot.slack.messages(channel) if one.by_bot]
