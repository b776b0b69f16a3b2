"""Many commands at once: every first message comes before the first probe."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.slack.outbound import turns
from playground.slack import Channel, Fault
from tests.support.slackbot import RunningBot
from tests.support.tls_server import NAME, Estate
from tests.support.wholebot import World, whole_bot

pytestmark = pytest.mark.may_block
ESTATE = Estate()
LATE = "C0LATE"


async def resolver(_host: str, _port: int) -> Sequence[str]:
    return ("127.0.0.1",)


def add(bot: RunningBot, name: str) -> str:
    bot.slack.workspace.channels[name] = Channel(id=name, name=name.lower())
    return name


async def test_first_messages_come_before_verdicts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PROGRESS_S", 30.0)
    monkeypatch.setattr(turns, "LONGEST_WAIT_S", 30.0)
    world = World(loopback=True, resolver=resolver, digests=True)
    async with whole_bot(world, tmp_path) as bot, ESTATE.backend() as backend:
        target = f"{NAME}:{backend.port}"
        others = [add(bot, f"C0CROWD{number}") for number in range(turns.CROWD + 2)]
        bot.slack.faults.add(Fault(method="conversations.info", channel=LATE, before=0.5))
        await bot.slack.command(target, channel=add(bot, LATE))
        await asyncio.gather(*(bot.slack.command(target, channel=name) for name in others))
        await bot.slack.until(
            lambda: all(bot.slack.messages(name)[0].edits for name in (LATE, *others))
        )
        shown = [
            name for name, _ in bot.slack.api.log if name in {"chat.postMessage", "chat.update"}
        ]
        assert shown.index("chat.update") > len(others)
