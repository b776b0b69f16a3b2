"""Who may ask is asked at every entry.

Commands, mentions, shortcuts, forms, every click, the Home tab; each leaves one audit record.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.access import Access, RateLimiter
from playground.slack import Message
from playground.slack.payloads import controls
from playground.slack.state import BOT_USER, TEAM_ID
from tests.support.dialled import record
from tests.support.slackbot import RunningBot
from tests.support.tls_server import NAME, Estate
from tests.support.wholebot import World, whole_bot

pytestmark = pytest.mark.may_block
ESTATE = Estate()
GUEST, STRANGER = "U0PARTNER", "U0SECOND"
VERBS = (
    NAME,
    "health",
    "gw:prod-gw",
    "rehearse",
    f"subscribe {NAME}",
    "list",
    "unsubscribe 1",
    "preview 1",
    f"mute {NAME} 2h x",
    "whoami",
    "",
)
ACCESS = Access(
    users=frozenset({"U0ONCALL", GUEST}), channels=frozenset({"C0INCIDENT"}), home_team=TEAM_ID
)


async def resolver(_host: str, _port: int) -> Sequence[str]:
    return ("127.0.0.1",)


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[RunningBot]:
    """The whole bot, which answers one person in one channel."""
    async with whole_bot(
        World(loopback=True, resolver=resolver, access=ACCESS), tmp_path
    ) as running:
        yield running


@pytest.fixture
def audit(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "bot.audit")
    return caplog


def records(audit: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(entry) for entry in audit.records if entry.name == "bot.audit"]


def refusals(bot: RunningBot, user: str) -> list[str]:
    return [message.text for message in bot.slack.ephemerals(user)]


async def a_card(bot: RunningBot) -> Message:
    """A failing card with every button, asked for by somebody who may."""
    async with ESTATE.backend() as backend:
        await bot.slack.command(f"{NAME}:{backend.port}")
        return await bot.slack.until(
            lambda: next(
                (m for m in bot.slack.messages() if m.by_bot and m.text.startswith("FAIL")), None
            )
        )  # type: ignore[return-value]


@pytest.mark.parametrize(
    "user", [GUEST, STRANGER], ids=["guest of a shared channel", "not on the list"]
)
async def test_words_are_refused_whatever_carries_them(
    bot: RunningBot, audit: pytest.LogCaptureFixture, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled = record(monkeypatch)
    for verb in VERBS:
        await bot.slack.command(verb, user=user)
    await bot.slack.mention(f"<@{BOT_USER}> {NAME}", user=user)
    alert = bot.slack.say(f"502 at https://{NAME}/", user="U0ONCALL")
    await bot.slack.message_shortcut(alert, "diagnose_502", user=user)
    await bot.slack.message_shortcut(bot.slack.say("nothing here"), "diagnose_502", user=user)
    await bot.slack.shortcut("check_backend", user=user)
    admitted = len(VERBS) + 4
    await bot.slack.until(lambda: len(records(audit)) >= admitted)
    await bot.slack.until(lambda: len(refusals(bot, user)) >= admitted - 1)
    assert {entry["outcome"] for entry in records(audit)} == {"refused"}
    assert len(records(audit)) == admitted
    assert {message.channel for message in bot.slack.posted} <= {f"D{user[1:]}"}, (
        "nothing but a direct message to the asker"
    )
    with pytest.raises(LookupError):
        bot.slack.view(user)
    assert {host for host, _ in dialled} == {"127.0.0.1"}
    assert not [port for _, port in dialled if port == 443]


@pytest.mark.parametrize(
    "user", [GUEST, STRANGER], ids=["guest of a shared channel", "not on the list"]
)
async def test_every_control_of_a_card_is_refused(
    bot: RunningBot, audit: pytest.LogCaptureFixture, user: str
) -> None:
    card = await a_card(bot)
    before, admitted = card.blocks, len(records(audit))
    chosen = [
        (control, option)
        for control in controls(card.blocks)
        for option in control.get("options", (None,))
    ]
    assert len(chosen) >= 5
    for control, option in chosen:
        await bot.slack.click(
            card, control["action_id"], option=option and option["value"], user=user
        )
    await bot.slack.until(lambda: len(records(audit)) == admitted + len(chosen))
    assert {(entry["outcome"], entry["user"]) for entry in records(audit)[admitted:]} == {
        ("refused", user)
    }
    assert bot.slack.current(card).blocks == before
    with pytest.raises(LookupError):
        bot.slack.view(user)


async def test_another_channel_is_refused(bot: RunningBot, audit: pytest.LogCaptureFixture) -> None:
    await bot.slack.command(NAME, channel="C0OPS")
    await bot.slack.until(bot.slack.ephemerals)
    assert refusals(bot, "U0ONCALL") == [
        "This bot does not answer in this channel; use it in #incident."
    ] or "C0INCIDENT" in str(bot.slack.ephemerals()[-1].blocks)
    assert [(entry["outcome"], entry["channel"]) for entry in records(audit)] == [
        ("refused", "C0OPS")
    ]


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [
        ("version", ["version"]),
        ("", ["help"]),
        ("chekc x", ["usage"]),
        (f"{NAME}:8443", ["check"]),
        ("169.254.169.254", ["check", "refused"]),
    ],
)
async def test_question_and_refusal_each_leave_one_record(
    bot: RunningBot, audit: pytest.LogCaptureFixture, text: str, outcomes: list[str]
) -> None:
    await bot.slack.command(text)
    await bot.slack.until(
        lambda: (
            bot.slack.ephemerals()
            or [m for m in bot.slack.posted if m.text.startswith(("FAIL", "OK"))]
        )
    )
    await bot.until_stopped()
    entries = records(audit)
    assert [entry["outcome"] for entry in entries] == outcomes
    where = ("U0ONCALL", "C0INCIDENT", TEAM_ID, "command", text)
    assert {(e["user"], e["channel"], e["team"], e["source"], e["what"]) for e in entries} == {
        where
    }
    (run_id,) = {entry["run_id"] for entry in entries}
    assert len(run_id) == 8
    assert "refused" not in outcomes or "metadata" in entries[-1]["why"]


async def test_twenty_a_minute_for_one_person_clicks_included(
    tmp_path: Path, audit: pytest.LogCaptureFixture
) -> None:
    async with whole_bot(World(limiter=RateLimiter(), resolver=resolver), tmp_path) as bot:
        for _ in range(21):
            await bot.slack.command("version")
        await bot.slack.until(lambda: len(bot.slack.ephemerals()) == 21)
        shown = [message.text for message in bot.slack.ephemerals()]
        await bot.slack.command("version", user=STRANGER)
        await bot.slack.until(lambda: bot.slack.ephemerals(STRANGER))
    assert sum("You have sent 20 requests within a minute" in text for text in shown) == 1
    assert [entry["outcome"] for entry in records(audit)].count("refused") == 1
