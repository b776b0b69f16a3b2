"""Mentions: free text is ignored, the thread above is read, a reply to the bot needs no name."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from playground.slack.state import BOT_USER
from tests.support.slackbot import RunningBot, running_bot

pytestmark = pytest.mark.may_block


@pytest.fixture
async def bot() -> AsyncIterator[RunningBot]:
    async with running_bot() as running:
        yield running


def asked(bot: RunningBot) -> list[str]:
    return [target.host for target, _ in bot.script.admitted]


async def until_asked(bot: RunningBot) -> list[str]:
    await bot.slack.until(lambda: asked(bot))
    return asked(bot)


async def test_mention_at_the_end_is_understood(bot: RunningBot) -> None:
    said = bot.slack.say(f"can you look at shop.contoso.com <@{BOT_USER}>")
    await bot.slack.deliver_event(bot.slack._sender.mention(said))
    assert await until_asked(bot) == ["shop.contoso.com"]


@pytest.mark.parametrize("text", ["what is wrong here?", ""], ids=["a question", "bare"])
async def test_thread_above_is_read(bot: RunningBot, text: str) -> None:
    alert = bot.slack.say("502 Bad Gateway: shop.contoso.com")
    bot.slack.say("looking into it", thread=alert)
    await bot.slack.mention(text, thread=alert)
    assert await until_asked(bot) == ["shop.contoso.com"]


async def test_newest_of_a_long_thread_is_read(bot: RunningBot) -> None:
    alert = bot.slack.say("502 Bad Gateway: old.contoso.com")
    for _ in range(250):
        bot.slack.say("me too", thread=alert)
    bot.slack.say("502 Bad Gateway: shop.contoso.com", thread=alert)
    await bot.slack.mention("diagnose this", thread=alert)
    assert await until_asked(bot) == ["shop.contoso.com"]


async def test_own_card_above_keeps_its_question(bot: RunningBot) -> None:
    await bot.slack.command("shop.contoso.com:8443 sni=a.contoso.com")
    (card,) = await bot.slack.until(lambda: [m for m in bot.slack.posted if "FAIL" in m.text])
    await bot.slack.until(lambda: bot.slack.thread(card))
    await bot.slack.mention("still?", thread=card)
    await bot.slack.until(lambda: len(bot.script.admitted) > 1)
    assert bot.script.admitted[0] == bot.script.admitted[1]


async def test_thread_without_target_gets_an_answer(bot: RunningBot) -> None:
    alert = bot.slack.say("something is slow")
    await bot.slack.mention("check this", thread=alert)
    await bot.slack.until(bot.slack.ephemerals)
    (answer,) = bot.slack.ephemerals()
    assert "name no backend" in answer.text
    assert asked(bot) == []


async def test_mention_outside_a_thread_needs_a_target(bot: RunningBot) -> None:
    await bot.slack.mention("check this")
    await bot.slack.until(bot.slack.ephemerals)
    assert "needs a target" in bot.slack.ephemerals()[0].text
    assert asked(bot) == []


async def test_own_conversation_needs_no_name(bot: RunningBot) -> None:
    event = {"type": "message", "channel_type": "im", "user": "U0ONCALL", "channel": "D0ONCALL"}
    text = {"text": "is shop.contoso.com ok?", "ts": "1.1", "team": "T0CONTOSO"}
    await bot.slack.event({**event, **text})
    assert await until_asked(bot) == ["shop.contoso.com"]


async def test_other_messages_are_not_read(bot: RunningBot) -> None:
    event = {"type": "message", "user": "U0ONCALL", "channel": "C0INCIDENT", "ts": "1.1"}
    direct = {"channel_type": "im"}
    for more in (
        {"channel_type": "channel"},
        {**direct, "bot_id": "B1"},
        {**direct, "subtype": "message_changed"},
    ):
        await bot.slack.event({**event, **more, "text": "shop.contoso.com"})
    await bot.slack.command("version")
    await bot.slack.until(bot.slack.ephemerals)
    assert asked(bot) == []


async def test_bot_without_user_is_answered_where_admitted(bot: RunningBot) -> None:
    event = {"type": "app_mention", "bot_id": "B0WORKFLOW", "team": "T0CONTOSO", "ts": "1.1"}
    text = {"text": f"<@{BOT_USER}> shop.contoso.com", "channel": "C0INCIDENT"}
    await bot.slack.event({**event, **text})
    assert await until_asked(bot) == ["shop.contoso.com"]
    await bot.slack.until(
        lambda: [one for one in bot.slack.posted if one.text.startswith(("FAIL", "OK"))]
    )


async def test_endless_mention_gets_one_sentence(bot: RunningBot) -> None:
    await bot.slack.mention("a" * 39_900)
    await bot.slack.until(bot.slack.ephemerals)
    assert "at most 2000" in bot.slack.ephemerals()[0].text
    assert asked(bot) == []
