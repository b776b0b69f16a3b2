"""The port that Slack posts to.

What is not signed is turned away unread, what cannot be read costs one answer, and the bot lives
on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from playground.slack.sending import SignedHttp, signature
from tests.support.slackbot import RunningBot, running_bot

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
UNREADABLE = {
    "cut short": ("{", JSON),
    "a list": ("[]", JSON),
    "nothing": ("null", JSON),
    "too deep": ("[" * 100_000, JSON),
    "form cut short": ("payload=[", FORM),
    "form too deep": ("payload=" + "[" * 100_000, FORM),
    "event of no kind": ('{"type":"event_callback","event":null}', JSON),
    "click of no kind": (
        "payload=%7B%22type%22%3A%22block_actions%22%2C%22actions%22%3A5%7D",
        FORM,
    ),
}
NOW = str(int(time.time()))
FORGED = {
    "no headers": {},
    "no signature": {"X-Slack-Request-Timestamp": NOW},
    "no timestamp": {"X-Slack-Signature": "v0=x"},
    "another signature": {"X-Slack-Request-Timestamp": NOW, "X-Slack-Signature": "v0=" + "0" * 64},
    "a signature of other letters": {
        "X-Slack-Request-Timestamp": NOW,
        "X-Slack-Signature": "v0=\u00e4",
    },
    "a time in words": {"X-Slack-Request-Timestamp": "now", "X-Slack-Signature": "v0=x"},
    "a time without end": {"X-Slack-Request-Timestamp": "9" * 5000, "X-Slack-Signature": "v0=x"},
    "a time long gone": {"X-Slack-Request-Timestamp": "1", "X-Slack-Signature": "v0=x"},
}


@pytest.fixture
async def bot() -> AsyncIterator[RunningBot]:
    async with running_bot() as running:
        yield running


async def _post(bot: RunningBot, body: bytes, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(str(bot.slack.request_url), data=body, headers=headers) as answer,
    ):
        return answer.status


@pytest.mark.parametrize("named", FORGED, ids=str)
async def test_what_slack_did_not_sign_is_turned_away_without_a_trace(
    bot: RunningBot, named: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for body in (b"text=help", b"[" * 100_000, b"payload=[", b"{"):
            assert await _post(bot, body, FORGED[named] | {"Content-Type": JSON}) == 401
    assert caplog.records == []


async def test_bytes_that_are_no_text_are_refused(bot: RunningBot) -> None:
    assert (
        await _post(bot, b"\xff\xfe", FORGED["another signature"] | {"Content-Type": JSON}) == 400
    )
    assert (
        await _post(
            bot, b"{}", FORGED["another signature"] | {"Content-Type": f"{JSON}; charset=klingon"}
        )
        == 400
    )


@pytest.mark.parametrize("named", UNREADABLE, ids=str)
async def test_a_signed_request_that_cannot_be_read_is_answered_and_the_next_command_works(
    bot: RunningBot, named: str
) -> None:
    body, kind = UNREADABLE[named]
    async with aiohttp.ClientSession() as session:
        http = SignedHttp(
            session=session, url=str(bot.slack.request_url), secret=bot.slack.signing_secret
        )
        assert (await http.post(body, kind)).status == 400
    assert (await bot.slack.command("version")).ok


async def test_slack_may_look_at_the_port_s_certificate(bot: RunningBot) -> None:
    assert await _post(bot, b"ssl_check=1&token=x", {"Content-Type": FORM}) == 200


async def test_a_signature_of_five_minutes_ago_is_turned_away(bot: RunningBot) -> None:
    old = str(int(time.time()) - 301)
    headers = {
        "X-Slack-Request-Timestamp": old,
        "X-Slack-Signature": signature(bot.slack.signing_secret, old, "command=x"),
    }
    assert await _post(bot, b"command=x", headers | {"Content-Type": FORM}) == 401
