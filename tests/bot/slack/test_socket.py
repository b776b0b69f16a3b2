"""Socket Mode: connections that refresh, break or fall silent lose nothing that Slack delivered.

Readiness tells the truth.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.observability import health
from bot.slack.transport import socket
from playground.slack import Fault, Message
from playground.slack.state import BOT_USER
from tests.support.reports import HOST
from tests.support.slackbot import RunningBot, running_bot


@pytest.fixture
async def bot() -> AsyncIterator[RunningBot]:
    async with running_bot(socket_mode=True) as running:
        yield running


def verdicts(bot: RunningBot) -> list[Message]:
    return [
        message
        for message in bot.slack.messages()
        if message.by_bot and message.text.startswith("FAIL")
    ]


async def connected_anew(bot: RunningBot, than: int) -> None:
    await bot.slack.until(lambda: bot.slack.socket.opened > than and bot.slack.socket.connections)


async def test_a_refresh_is_survived(bot: RunningBot) -> None:
    opened = bot.slack.socket.opened
    await bot.slack.socket.refresh()
    await connected_anew(bot, opened)
    assert (await bot.slack.command(HOST)).ok
    await bot.slack.until(lambda: verdicts(bot))


async def test_a_cut_connection_is_replaced(bot: RunningBot) -> None:
    opened = bot.slack.socket.opened
    bot.slack.socket.cut()
    await connected_anew(bot, opened)
    assert (await bot.slack.command(HOST)).ok


async def test_a_silent_connection_is_noticed_and_replaced(bot: RunningBot) -> None:
    opened = bot.slack.socket.opened
    bot.slack.socket.go_silent()
    await connected_anew(bot, opened)
    assert (await bot.slack.command(HOST)).ok


async def test_mention_over_a_dead_connection_is_redelivered(
    bot: RunningBot,
) -> None:
    bot.slack.socket.redeliveries = (2.0,) * 20
    bot.slack.socket.answer_seconds = 3.0
    bot.slack.socket.go_silent()
    _, ack = await bot.slack.mention(HOST)
    assert ack.ok
    await bot.slack.until(lambda: verdicts(bot))
    assert len(bot.script.admitted) == 1


async def test_delivery_with_a_lost_ack_is_handled_once(bot: RunningBot) -> None:
    payload = bot.slack._sender.mention(bot.slack.say(f"<@{BOT_USER}> {HOST}"))
    await asyncio.gather(bot.slack.deliver_event(payload), bot.slack.deliver_event(payload))
    await bot.slack.until(lambda: verdicts(bot))
    assert len(bot.script.admitted) == 1


async def test_ready_only_once_slack_can_be_answered() -> None:
    async with running_bot(socket_mode=True, ready=False) as bot:
        bot.slack.faults.add(Fault(method="apps.connections.open", status=500, times=2))
        await bot.slack.until(lambda: bot.service.readiness.troubles() == {})
        assert (await bot.ready())["status"] == 200


async def test_refused_socket_is_one_line_of_log(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.slack.socket.refuses = True
    bot.slack.socket.cut()
    await bot.slack.until(lambda: "Slack's WebSocket cannot be opened" in caplog.messages)
    assert not [record for record in caplog.records if record.exc_info]
    assert (await bot.ready())["status"] == 503


async def test_not_ready_while_slack_cannot_be_reached() -> None:
    async with running_bot(socket_mode=True, ready=False) as bot:
        bot.slack.faults.add(Fault(method="*", status=500))
        await bot.slack.until(lambda: bot.slack.api.calls.total() >= 2)
        shown = await bot.ready()
        assert (shown["status"], shown["troubles"]) == (503, {"slack": "not connected yet"})


async def test_silent_socket_is_not_ready_after_a_while(bot: RunningBot) -> None:
    bot.service.readiness.silence = lambda: health.SILENT_S + 1
    shown = await bot.ready()
    assert shown["status"] == 503
    assert "socket" in shown["troubles"]  # type: ignore[operator]


async def test_pings_count_as_signs_of_life(bot: RunningBot) -> None:
    """The silence grows, and ends without anything but a ping and its answer."""
    longest = 0.0

    def broken() -> bool:
        nonlocal longest
        longest, before = max(longest, bot.service.readiness.silence()), longest
        return bot.service.readiness.silence() < before

    await bot.slack.until(broken)
    assert longest > socket.PING_S / 2


async def test_silence_grows_when_nothing_comes(bot: RunningBot) -> None:
    bot.slack.socket.silent = True
    bot.slack.socket.go_silent()
    pings = await bot.slack.until(lambda: bot.service.readiness.silence() // socket.PING_S)
    assert pings >= 1
    longer = await bot.slack.until(
        lambda: max(0, bot.service.readiness.silence() // socket.PING_S - pings)
    )
    assert longer >= 1
