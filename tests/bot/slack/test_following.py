"""Digests in chat, through the real bot with its memory and engine on the stand-in Slack.

The clock is the test's.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.digest import BackendEvent, Change, FollowedTarget, TargetKind
from bot.subscriptions.history import event_lines
from playground.slack import Message, SlackStandIn, User
from playground.slack.standin import CHANNEL
from playground.slack.webapi import MANIFEST_SCOPES, Tokens
from playground.text import render
from tests.support.followbot import ENGINE, REFUSAL, World, running_bot, without_scopes
from tests.support.following import NOW, gateway
from tests.support.reports import HOST
from tests.support.slackbot import FORBIDDEN_HOST, FORBIDDEN_USER, RunningBot
from tests.support.waiting import until

pytestmark = pytest.mark.may_block  # DBOS is launched inside the loop on purpose
HOURLY = f"subscribe {HOST} hourly tz=Europe/Berlin"
STEP = timedelta(minutes=16)


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as running:
        yield running
        assert running.complaints == []


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def bot(slack: SlackStandIn, world: World, tmp_path: Path) -> AsyncIterator[RunningBot]:
    async with running_bot(slack, world, tmp_path) as running:
        yield running


@pytest.fixture
async def reading_profiles(world: World, tmp_path: Path) -> AsyncIterator[RunningBot]:
    """The bot where an operator has granted `users:read` as well."""
    tokens = Tokens(scopes=MANIFEST_SCOPES | {"users:read"})
    async with SlackStandIn(tokens=tokens) as slack, running_bot(slack, world, tmp_path) as running:
        yield running


def says(message: Message) -> str:
    """Everything that a message shows or carries."""
    return f"{message.text} {json.dumps(message.blocks, ensure_ascii=False)}"


def telling(messages: list[Message], words: str) -> Message:
    """The last message that says so; an IndexError means not yet."""
    return [one for one in messages if words in says(one)][-1]


async def text_shown(slack: SlackStandIn, words: str) -> Message:
    """What only the asker sees."""
    return await slack.until(lambda: telling(slack.ephemerals(), words))


async def shown(slack: SlackStandIn, words: str) -> Message:
    """What the channel sees."""
    return await slack.until(
        lambda: telling([one for one in slack.messages() if one.by_bot], words)
    )


async def followed(bot: RunningBot, words: str = HOURLY) -> Message:
    """The channel follows the host."""
    assert (await bot.slack.command(words)).ok
    return await shown(bot.slack, "This channel gets")


async def digest(bot: RunningBot, world: World) -> Message:
    """The next digest that is due."""
    world.now += timedelta(hours=1)
    return await shown(bot.slack, "Digest: hourly")


async def test_subscribe_says_when_and_list_numbers_it(reading_profiles: RunningBot) -> None:
    bot = reading_profiles
    card = await followed(bot, f"subscribe {HOST}")
    assert "weekdays 09:00 (Europe/Berlin)" in says(card)
    assert "Tue 24 Nov 09:00 UTC+01:00" in says(card)
    await bot.slack.command("list")
    assert f"1. {HOST}" in says(await text_shown(bot.slack, "1. "))


async def test_subscribing_twice_subscribes_once(
    bot: RunningBot,
) -> None:
    await followed(bot)
    await bot.slack.command(HOURLY)
    await text_shown(bot.slack, "already gets")
    await bot.slack.command(f"subscribe {HOST} daily 07:30")
    assert "daily 07:30 (Europe/Berlin)" in says(await shown(bot.slack, "now gets"))
    await bot.slack.command("list")
    listed = says(await text_shown(bot.slack, "1. "))
    assert "2. " not in listed
    assert "daily 07:30" in listed


async def test_due_digest_is_posted_once_with_details(bot: RunningBot, world: World) -> None:
    await followed(bot)
    card = await digest(bot, world)
    assert card.text.startswith(f"FAIL {HOST}: intermediate missing. Fix: server.")
    assert card.metadata is not None
    assert card.metadata["event_payload"]["delivery_id"]
    (details,) = await bot.slack.until(lambda: bot.slack.thread(card))
    await bot.slack.click(details, "Check")
    await bot.slack.until(
        lambda: [one for one in bot.slack.thread(card) if one.text.startswith("FAIL backend")]
    )
    world.now += timedelta(hours=1)
    await bot.slack.until(lambda: len(world.looked) > 3)
    assert len([one for one in bot.slack.messages() if "Digest: hourly" in says(one)]) == 1


async def test_recovery_edits_the_card_and_answers_in_thread(bot: RunningBot, world: World) -> None:
    await followed(bot)
    card = await digest(bot, world)
    world.case, world.now = "good", world.now + STEP
    line = await bot.slack.until(lambda: telling(bot.slack.thread(card), "Fixed: "))
    assert "Intermediate missing" in line.text
    edited = bot.slack.current(card)
    assert edited.text == f"OK {HOST}: 1 fixed"
    assert "fixed: " in says(edited)
    world.now += STEP
    await bot.slack.until(lambda: len(world.looked) > 6)
    assert (
        len([one for one in bot.slack.thread(card) if one.text.startswith(f"OK {HOST}: fixed: ")])
        == 1
    )


async def test_preview_is_immediate_and_private(bot: RunningBot) -> None:
    await bot.slack.command(f"preview {HOST}")
    assert "Intermediate missing" in says(await text_shown(bot.slack, "Digest: "))
    assert [one for one in bot.slack.messages() if one.by_bot] == []


async def test_preview_does_not_call_a_broken_backend_fine(
    slack: SlackStandIn, world: World, tmp_path: Path
) -> None:
    async with running_bot(
        slack, world, tmp_path, replace(ENGINE, confirm_gap=timedelta(minutes=10))
    ) as bot:
        await followed(bot)
        world.now += STEP
        await slack.until(lambda: world.looked)

        async def seen() -> bool:
            await slack.command(f"history {HOST}")
            return any("seen for the first time" in says(one) for one in slack.ephemerals())

        await until(seen)
        await slack.command("preview")
        assert "Intermediate missing" in says(await text_shown(slack, "Digest: "))


@pytest.mark.parametrize("words", ["unsubscribe 1", f"unsubscribe {HOST}", "unsubscribe all"])
async def test_unsubscribe_and_undo(bot: RunningBot, words: str) -> None:
    await followed(bot)
    await bot.slack.command(words)
    gone = await shown(bot.slack, "no longer gets")
    await bot.slack.command("list")
    await text_shown(bot.slack, "has no subscriptions")
    await bot.slack.click(gone, "Undo")
    await bot.slack.until(lambda: bot.slack.current(gone).text.startswith("Undone"))
    await bot.slack.command("list")
    assert "hourly (Europe/Berlin)" in says(await text_shown(bot.slack, "1. "))


async def test_undo_of_subscribe_is_authorised_anew(bot: RunningBot) -> None:
    card = await followed(bot)
    await bot.slack.click(card, "Undo", user=FORBIDDEN_USER)
    await bot.slack.click(card, "Edit", user=FORBIDDEN_USER)
    refused = await bot.slack.until(
        lambda: (
            bot.slack.ephemerals(FORBIDDEN_USER)[:2]
            if len(bot.slack.ephemerals(FORBIDDEN_USER)) > 1
            else []
        )
    )
    assert ["APPGW_ALLOWED_USERS" in says(one) for one in refused] == [True, True]
    await bot.slack.command("list")
    assert "hourly" in says(await text_shown(bot.slack, "1. "))
    await bot.slack.click(card, "Undo")
    await bot.slack.until(lambda: bot.slack.current(card).text.startswith("This channel no longer"))
    await bot.slack.command("list")
    assert "1. " not in says(await text_shown(bot.slack, "has no subscriptions"))


async def test_mute_silences_the_digest_until_lifted(bot: RunningBot, world: World) -> None:
    await followed(bot, f"{HOURLY} heartbeat=on")
    await bot.slack.command(f"mute {HOST} 3h certificate swap")
    muted = await shown(bot.slack, "Muted ")
    assert "certificate swap" in says(muted)
    card = await digest(bot, world)
    assert card.text.startswith(f"OK {HOST}")
    assert "1 muted, 0 fine" in says(card)
    assert "nothing changed" not in says(card)
    assert "Muted: 1 until 13:00 (certificate swap)" in says(card)
    await bot.slack.click(muted, "Unmute")
    await bot.slack.until(lambda: bot.slack.current(muted).text.startswith("Unmuted"))
    world.now += timedelta(hours=1)
    await shown(bot.slack, f"FAIL {HOST}")


async def test_weekly_window_silences_and_reports_afterwards(bot: RunningBot, world: World) -> None:
    """NOW is Monday 10:00 in Berlin.

    The digest of 11:00 lies inside the window, the one of 12:00 after it.
    """
    await followed(bot, f"{HOURLY} heartbeat=on")
    await bot.slack.command(f"mute {HOST} mon 10:30-11:30 patch night")
    muted = await shown(bot.slack, "Muted ")
    assert "every mon 10:30-11:30, until" in says(muted)
    assert "Sun 21 Feb" in says(muted)
    card = await digest(bot, world)
    assert card.text.startswith(f"OK {HOST}")
    assert "Muted: 1 until 11:30" in says(card)
    world.now += timedelta(hours=1)
    assert "New since" in says(await shown(bot.slack, f"FAIL {HOST}"))
    await bot.slack.click(muted, "Unmute")
    unmuted = await bot.slack.until(
        lambda: (now := bot.slack.current(muted)).text.startswith("Unmuted") and now
    )
    await bot.slack.click(unmuted, "Undo")
    again = await bot.slack.until(
        lambda: (now := bot.slack.current(muted)).text.startswith("Muted") and now
    )
    assert "every mon 10:30-11:30, until" in says(again)
    assert "patch night" in says(again)


async def test_edit_keeps_a_frequency_the_form_lacks(bot: RunningBot) -> None:
    card = await followed(bot, f"subscribe {HOST} every=2h tz=Europe/Berlin")
    await bot.slack.click(card, "Edit")
    view = (await bot.slack.until(bot.slack.view)).view
    assert view["blocks"][1]["element"]["initial_option"]["value"] == "2h"
    await bot.slack.submit_view({"min": "crit"})
    assert "every 2 hours" in says(await shown(bot.slack, "What fails"))


async def test_a_second_mute_with_another_end_is_taken(reading_profiles: RunningBot) -> None:
    bot = reading_profiles
    await bot.slack.command(f"mute {HOST} 2h")
    await shown(bot.slack, "12:00")
    await bot.slack.command(f"mute {HOST} 20h")
    assert "Tue 24 Nov 06:00" in says(await shown(bot.slack, "06:00"))


async def test_history_lists_what_happened(bot: RunningBot, world: World) -> None:
    await bot.slack.command(f"history {HOST}")
    await text_shown(bot.slack, "There is no history")
    await followed(bot)
    await digest(bot, world)
    await bot.slack.command(f"history {HOST}")
    assert "broke: INTERMEDIATE_MISSING" in says(await text_shown(bot.slack, "History of"))


def test_history_names_the_server_and_folds_many() -> None:
    followed_gateway, at = gateway(), NOW
    keys = [f"{followed_gateway.key}|shop|https-{n}|10.0.0.5" for n in range(4)]
    events = [
        BackendEvent(
            key=key, target_key=followed_gateway.key, at=at, change=Change.APPEARED, detail=""
        )
        for key in keys
    ]
    assert event_lines(events, followed_gateway, "UTC") == [
        ("Mon 23 Nov 09:00", "10.0.0.5 (https-0), 10.0.0.5 (https-1) +2 seen for the first time")
    ]
    host = FollowedTarget(kind=TargetKind.HOST, key="10.0.0.5:443", text="10.0.0.5")
    assert event_lines(events[:1], host, "UTC") == [
        ("Mon 23 Nov 09:00", "behind https-0 seen for the first time")
    ]
    own = BackendEvent(
        key=f"{host.key}|10.0.0.5",
        target_key=host.key,
        at=at,
        change=Change.OPENED,
        detail="INTERMEDIATE_MISSING",
    )
    assert event_lines([own], host, "UTC") == [("Mon 23 Nov 09:00", "broke: INTERMEDIATE_MISSING")]


async def test_bare_subscribe_opens_the_form(bot: RunningBot) -> None:
    await bot.slack.command("subscribe")
    await bot.slack.until(bot.slack.view)
    wrong = await bot.slack.submit_view({"target": HOST, "tz": "Europe/Belrin"})
    assert "Europe/Berlin" in json.dumps(wrong.body)
    await bot.slack.submit_view(
        {"target": HOST, "every": "daily", "at": "07:15", "tz": "Europe/Berlin"}
    )
    assert "daily 07:15" in says(await shown(bot.slack, "This channel gets"))


IMPOSSIBLE = {
    f"subscribe {FORBIDDEN_HOST}": REFUSAL,
    "subscribe gw:nowhere": "I see no gateway called nowhere.",
    "unsubscribe 7": "no such digest",
    f"unmute {HOST}": "is not muted",
    "preview": "has no subscriptions",
    "https://kim:hush@backend.contoso.com": "nothing was run",
    "-----BEGIN PRIVATE KEY----- hush": "private key",
}


async def test_impossible_request_is_answered_privately(bot: RunningBot) -> None:
    """A secret in a mistyped line is not repeated."""
    for words, answer in IMPOSSIBLE.items():
        await bot.slack.command(words)
        assert "hush" not in says(await text_shown(bot.slack, answer))
    assert [one for one in bot.slack.messages() if one.by_bot] == []


async def test_a_bot_that_is_no_member_follows_nothing(bot: RunningBot) -> None:
    await bot.slack.command(HOURLY, channel="C0QUIET")
    await text_shown(bot.slack, "/invite")
    await bot.slack.command("list", channel="C0QUIET")
    assert "1. " not in says(await text_shown(bot.slack, "has no subscriptions"))
    assert bot.slack.messages("C0QUIET") == []


async def test_archived_channel_pauses_and_its_owner_is_notified(
    bot: RunningBot, world: World
) -> None:
    await followed(bot)
    channels = bot.slack.workspace.channels
    channels[CHANNEL] = replace(channels[CHANNEL], archived=True)
    world.now += timedelta(hours=1)
    note = await bot.slack.until(lambda: [one for one in bot.slack.posted if "paused" in one.text])
    assert "is_archived" in note[0].text
    channels[CHANNEL] = replace(channels[CHANNEL], archived=False)
    await bot.slack.command("list")
    listed = await text_shown(bot.slack, "paused: is_archived")
    await bot.slack.click(listed, "Resume")
    await shown(bot.slack, "now gets")


async def test_without_profiles_the_zone_is_asked_once(world: World, tmp_path: Path) -> None:
    async with (
        SlackStandIn(tokens=without_scopes("users:read")) as slack,
        running_bot(slack, world, tmp_path),
    ):
        await slack.command(f"subscribe {HOST} daily 08:30")
        question = await text_shown(slack, "Which time zone")
        await slack.click(question, "Asia/Tokyo")
        assert "daily 08:30 (Asia/Tokyo)" in says(await shown(slack, "This channel gets"))
        await slack.command("subscribe other.contoso.com")
        assert "(Asia/Tokyo)" in says(await shown(slack, "other.contoso.com"))


async def test_restart_keeps_subscriptions_and_the_store_is_ready(
    slack: SlackStandIn, world: World, tmp_path: Path
) -> None:
    async with running_bot(slack, world, tmp_path) as bot:
        await followed(bot)
        await bot.slack.command("doctor")
        assert "digests: ok" in " ".join(
            render((await text_shown(slack, "database")).blocks, width=100)
        )
    async with running_bot(slack, world, tmp_path) as bot:
        card = await digest(bot, world)
        assert card.text.startswith(f"FAIL {HOST}")


async def test_a_long_list_and_many_previews_lose_nothing(bot: RunningBot) -> None:
    for number in range(1, 18):
        await bot.slack.command(f"subscribe b{number}.contoso.com hourly tz=UTC")
        await shown(bot.slack, f"b{number}.contoso.com")
    await bot.slack.command("list")
    await text_shown(bot.slack, "17. b17.contoso.com")
    assert all(
        telling(bot.slack.ephemerals(), f"{number}. b{number}.contoso.com")
        for number in range(1, 18)
    )
    await bot.slack.command("preview")
    await text_shown(bot.slack, "b5.contoso.com, Mon")


async def test_home_tab_shows_problems_subscriptions_and_state(
    bot: RunningBot, world: World
) -> None:
    await bot.slack.open_home()
    empty = json.dumps((await bot.slack.until(bot.slack.home)).view)
    assert "None yet" in empty
    await followed(bot)
    await digest(bot, world)
    await bot.slack.open_home()
    view = await bot.slack.until(
        lambda: (
            (home := bot.slack.home()) and "Intermediate missing" in json.dumps(home.view) and home
        )
    )
    assert "hourly (Europe/Berlin)" in json.dumps(view.view)
    assert "Bot status: ok" in json.dumps(view.view)
    await bot.slack.click_view(view, "Check")
    await bot.slack.until(lambda: bot.script.admitted)


async def newest_on_home(slack: SlackStandIn, words: str) -> None:
    """Open App Home until the first thing asked is this one; it is written in the background."""

    async def newest() -> bool:
        await slack.open_home()
        return words in asked_on_home(slack)[:1]

    await until(newest)


def asked_on_home(slack: SlackStandIn) -> list[str]:
    """What the buttons of App Home repeat, from the top."""
    try:
        blocks = slack.home().view["blocks"]
    except LookupError:
        return []
    buttons = [one for block in blocks if block["type"] == "actions" for one in block["elements"]]
    return [json.loads(one["value"]).get("q") for one in buttons]


def pointed_to_a_card(slack: SlackStandIn) -> list[Message]:
    """Answers to a request whose card stands already."""
    return [one for one in slack.ephemerals() if "a moment ago" in one.text]


async def test_home_tab_remembers_questions_over_a_restart(
    slack: SlackStandIn, world: World, tmp_path: Path
) -> None:
    async with running_bot(slack, world, tmp_path) as bot:
        for words in (
            "one.contoso.com sni=api.contoso.com",
            "two.contoso.com",
            "one.contoso.com sni=api.contoso.com",
        ):
            world.now += timedelta(seconds=1)
            await slack.command(words)
            await newest_on_home(slack, words)
        await slack.command("last")
        await slack.until(lambda: len(bot.script.admitted) + len(pointed_to_a_card(slack)) == 4)
    slack.workspace.homes.clear()
    async with running_bot(slack, world, tmp_path) as bot:
        await slack.open_home()
        home = await slack.until(
            lambda: (
                (view := slack.home()) and "Your latest checks" in json.dumps(view.view) and view
            )
        )
        assert asked_on_home(slack)[:2] == [
            "one.contoso.com sni=api.contoso.com",
            "two.contoso.com",
        ]
        await slack.click_view(home, "Check again")
        await slack.until(lambda: bot.script.admitted)
        await slack.open_home(user="U0SECOND")
        other = await slack.until(lambda: slack.home("U0SECOND"))
        assert "one.contoso.com" not in json.dumps(other.view)


async def test_home_tab_shows_what_its_reader_may_see(bot: RunningBot) -> None:
    """What a channel of theirs follows; of one that was left, only that there is one."""
    bot.slack.workspace.users[FORBIDDEN_USER] = User(id=FORBIDDEN_USER, name="mallory")
    await followed(bot)
    await bot.slack.command("subscribe other.contoso.com daily tz=UTC", user="U0SECOND")
    await shown(bot.slack, "other.contoso.com")
    await bot.slack.open_home()
    view = await bot.slack.until(
        lambda: (home := bot.slack.home()) and "other.contoso.com" in json.dumps(home.view) and home
    )
    assert {"type": "channel", "channel_id": CHANNEL} in [
        element
        for block in view.view["blocks"]
        if block["type"] == "rich_text"
        for element in block["elements"][0]["elements"]
    ]
    await bot.slack.open_home(user=FORBIDDEN_USER)
    refused = await bot.slack.until(lambda: bot.slack.home(FORBIDDEN_USER))
    assert "APPGW_ALLOWED_USERS" in json.dumps(refused.view)
    assert HOST not in json.dumps(refused.view)
    channels = bot.slack.workspace.channels
    channels[CHANNEL] = replace(channels[CHANNEL], left=frozenset({"U0ONCALL"}), private=True)
    bot.slack.workspace.homes.clear()
    await bot.slack.open_home()
    left = json.dumps((await bot.slack.until(bot.slack.home)).view)
    assert "1 channel left out" in left
    assert CHANNEL not in left
    channels[CHANNEL] = replace(channels[CHANNEL], left=frozenset())
    bot.slack.workspace.homes.clear()
    await bot.slack.open_home()
    assert CHANNEL in json.dumps((await bot.slack.until(bot.slack.home)).view)


async def test_a_subscription_too_many_is_refused_kindly(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.subscriptions.records.MAX_PER_CHANNEL", 1)
    await followed(bot)
    before = len(bot.slack.messages())
    assert (await bot.slack.command("subscribe one-more.contoso.com hourly tz=UTC")).ok
    assert "unsubscribe one" in says(await text_shown(bot.slack, "follows 1 targets"))
    assert len(bot.slack.messages()) == before
