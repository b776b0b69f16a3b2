"""A watch goes on after a restart where a store keeps it.

The same card, the same end, no new message in the channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.request import ProbeOptions, Watch
from bot.slack.handlers.watch_store import SavedWatches
from bot.store import open_store
from bot.store.last_known import save_watch
from bot.subscriptions import WatchRecords
from playground.slack import Message, SlackStandIn
from playground.slack.standin import CHANNEL
from tests.support.followbot import World, running_bot
from tests.support.following import NOW
from tests.support.reports import HOST
from tests.support.slackbot import FORBIDDEN_USER, RunningBot

pytestmark = pytest.mark.may_block  # DBOS is launched inside the loop on purpose
INTERVAL_S = 0.05
LATER = "later.contoso.com"


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as running:
        yield running


async def watched(bot: RunningBot, text: str = f"{HOST} watch") -> Message:
    """A card that is watched, with a first look made."""
    await bot.slack.command(text)
    card = await bot.slack.until(
        lambda: [m for m in bot.slack.messages() if m.text.startswith("FAIL")][0]  # noqa: RUF015 -- an IndexError means not yet
    )
    before = len(bot.script.admitted)
    await bot.slack.until(lambda: bot.script.admitted[before])
    return card


async def hosts_while_another_is_watched(bot: RunningBot) -> set[str]:
    """The hosts that are probed until one that was asked for later has been watched twice."""
    bot.script.case = "leaf-only"
    await bot.slack.command(f"{LATER} watch")
    await bot.slack.until(
        lambda: [target.host for target, _ in bot.script.admitted].count(LATER) >= 3
    )
    return {target.host for target, _ in bot.script.admitted}


def said(slack: SlackStandIn, card: Message) -> list[str]:
    return [m.text for m in slack.thread(card) if m.text.startswith(("Green", "Not green"))]


async def test_restart_resumes_the_watch_with_its_time(slack: SlackStandIn, tmp_path: Path) -> None:
    world = World()
    async with running_bot(slack, world, tmp_path, watch_every_s=INTERVAL_S) as bot:
        card = await watched(bot)
    assert said(slack, card) == []
    world.now = NOW + timedelta(minutes=2)
    async with running_bot(slack, world, tmp_path, case="good", watch_every_s=INTERVAL_S):
        await slack.until(lambda: said(slack, card)[0])
        assert said(slack, card)[0].startswith("Green after 2 min")
        assert slack.current(card).text.startswith("OK")
        assert len([m for m in slack.messages() if m.by_bot]) == 1
        assert sum(m.text.startswith("Details") for m in slack.thread(card)) == 1, (
            "nothing is told twice"
        )
    async with running_bot(slack, world, tmp_path, case="good", watch_every_s=INTERVAL_S) as bot:
        assert await hosts_while_another_is_watched(bot) == {LATER}, "what is over stays over"


async def test_expired_or_forbidden_watch_ends_silently(
    slack: SlackStandIn, tmp_path: Path
) -> None:
    world = World()
    async with running_bot(slack, world, tmp_path, watch_every_s=INTERVAL_S) as bot:
        card = await watched(bot, f"{HOST} watch=5m")
    store = await asyncio.to_thread(open_store, f"sqlite:///{tmp_path}/appgw.sqlite3")
    body = {
        "channel": CHANNEL,
        "thread": None,
        "ts": "9.9",
        "q": HOST,
        "user": FORBIDDEN_USER,
        "team": "T",
        "seconds": 900,
    }
    async with store.writing() as connection:
        await save_watch(
            connection,
            "a",
            "T",
            CHANNEL,
            NOW + timedelta(hours=1),
            body | {"begun": NOW.isoformat()},
        )
        await save_watch(
            connection, "b", "T", CHANNEL, NOW + timedelta(hours=1), {"another": "version"}
        )
    await store.close()
    world.now = NOW + timedelta(minutes=6)
    async with running_bot(slack, world, tmp_path, case="good", watch_every_s=INTERVAL_S) as bot:
        assert await hosts_while_another_is_watched(bot) == {LATER}
    assert said(slack, card) == []


async def test_only_the_question_and_its_place_are_kept(tmp_path: Path) -> None:
    store = await asyncio.to_thread(open_store, f"sqlite:///{tmp_path}/bot.db")
    book = SavedWatches(
        records=WatchRecords(store=store, team="T"), clock=lambda: NOW + timedelta(seconds=30)
    )
    body = {
        "channel": "C1",
        "thread": "1.0",
        "ts": "2.0",
        "q": f"{HOST}:8443 sni=a.example",
        "user": "U1",
        "team": "T",
        "seconds": 60,
    }
    async with store.writing() as connection:
        await save_watch(
            connection,
            "w",
            "T",
            "C1",
            NOW + timedelta(seconds=60),
            body | {"begun": NOW.isoformat()},
        )
    (admitted,) = await book.open()
    assert (
        admitted.watched_s,
        admitted.invocation.card,
        admitted.invocation.thread,
        admitted.invocation.user,
    ) == (
        30.0,
        "2.0",
        "1.0",
        "U1",
    )
    assert admitted.request.options == ProbeOptions(sni="a.example")
    assert admitted.request.watch == Watch(seconds=60)
    await store.close()
