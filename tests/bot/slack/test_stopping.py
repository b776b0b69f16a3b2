"""SIGTERM: no new work, running checks finish or say that they were cut short.

Refused tokens end the process with a sentence.
"""

from __future__ import annotations

import asyncio

import pytest

from bot.slack.service import TokenRefusedError
from playground.slack import Fault, Message
from tests.support.reports import HOST
from tests.support.slackbot import RunningBot, Script, running_bot
from tests.support.waiting import within_limit


def cards(bot: RunningBot) -> list[Message]:
    return [message for message in bot.slack.messages() if message.by_bot]


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket"])
async def test_a_running_check_finishes(socket_mode: bool) -> None:  # noqa: FBT001 -- a table of two
    async with running_bot(socket_mode=socket_mode, script=Script()) as bot:
        await bot.slack.command(HOST)
        await bot.slack.until(lambda: cards(bot))
        await bot.until_stopping()
        bot.script.hold.set()
        await bot.until_stopped()
        assert cards(bot)[0].text.startswith("FAIL")


async def test_endless_check_is_cut_short_and_says_so() -> None:
    async with running_bot(script=Script(), wait_s=0.5) as bot:
        await bot.slack.command(HOST)
        await bot.slack.until(lambda: cards(bot))
        await bot.until_stopped()
        assert cards(bot)[0].text == f"STOPPED {HOST}: the bot restarted. Check again."


async def test_command_during_the_drain_is_answered() -> None:
    async with running_bot(script=Script()) as bot:
        await bot.slack.command(HOST)
        await bot.slack.until(lambda: cards(bot))
        await bot.until_stopping()
        assert (await bot.slack.command("other.contoso.com")).ok
        (shown,) = await bot.slack.until(bot.slack.ephemerals)
        assert "restarting" in shown.text
        assert (await bot.ready())["status"] == 503
        assert len(bot.script.admitted) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="*", status=500),
        Fault(method="*", status=200),
        Fault(method="*", status=200, body=b'{"ok": true, "user": "\xff"}'),
    ],
    ids=["500", "text", "not UTF-8"],
)
async def test_bot_waiting_for_slack_can_be_stopped(fault: Fault) -> None:
    async with running_bot(ready=False) as bot:
        bot.slack.faults.add(fault)
        await bot.slack.until(lambda: bot.slack.api.calls.total() > 1)  # the first was survived
        await bot.until_stopped()
        assert bot.task.exception() is None


@pytest.mark.parametrize(
    ("method", "variable"),
    [("auth.test", "SLACK_BOT_TOKEN"), ("apps.connections.open", "SLACK_APP_TOKEN")],
    ids=["bot", "app"],
)
async def test_a_refused_token_is_named(method: str, variable: str) -> None:
    async with running_bot(socket_mode=True, ready=False) as bot:
        bot.slack.faults.add(Fault(method=method, error="invalid_auth"))
        with pytest.raises(TokenRefusedError, match=variable):
            await within_limit(asyncio.shield(bot.task))
        bot.task = asyncio.create_task(asyncio.sleep(0))
