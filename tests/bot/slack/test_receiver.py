"""The port that Slack posts to.

What is not signed is turned away unread, what cannot be read costs one answer, and the bot lives
on.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest
import yarl

from bot.observability import loop_lag
from bot.observability.logs import RedactingFormatter
from playground.slack.sending import SignedHttp, signature
from tests.support.slackbot import RunningBot, running_bot
from tests.support.waiting import within_limit

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
UNREADABLE = {
    "cut short": ("{", JSON),
    "a list": ("[]", JSON),
    "nothing": ("null", JSON),
    "too deep": ("[" * 100_000, JSON),
    "form cut short": ("payload=[", FORM),
    "form too deep": ("payload=" + "[" * 100_000, FORM),
    "event of no kind": ('{"type":"event_callback","event":null}', JSON),
    "event that is a list": ('{"type":"event_callback","event":[]}', JSON),
    "click on nothing": (
        "payload=%7B%22type%22%3A%22block_actions%22%2C%22actions%22%3A%5B%7B%7D%5D%7D",
        FORM,
    ),
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


async def test_unsigned_request_is_refused_without_a_trace(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for named, headers in FORGED.items():
            for body in (b"text=help", b"[" * 100_000, b"payload=[", b"{", b"text=%ff"):
                assert await _post(bot, body, headers | {"Content-Type": JSON}) == 401, named
    # a busy machine may block the event loop, which is logged too
    assert [one for one in caplog.records if one.name != loop_lag.log.name] == []


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


async def test_compressed_body_is_never_unfolded(bot: RunningBot) -> None:
    unfolding = gzip.compress(b" " * 5_000_000)
    for body in (unfolding, b"no gzip at all"):
        headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
        assert await _post(bot, body, headers) in {400, 401}


async def test_unreadable_signed_request_is_answered(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    """With little log, and the bot answers the next ones."""
    for named, (body, kind) in UNREADABLE.items():
        caplog.clear()
        with caplog.at_level(logging.INFO):
            async with aiohttp.ClientSession() as session:
                http = SignedHttp(
                    session=session, url=str(bot.slack.request_url), secret=bot.slack.signing_secret
                )
                assert (await http.post(body, kind)).status == 400, named
        assert _logged(caplog) <= 300, named
    assert (await bot.slack.command("version")).ok


@pytest.mark.parametrize("text", ["version", "help payload", ""], ids=["verb", "payload", "empty"])
async def test_slash_command_is_acknowledged_and_answered(bot: RunningBot, text: str) -> None:
    assert (await bot.slack.command(text)).status == 200
    await bot.slack.until(bot.slack.ephemerals)


async def test_command_of_another_app_is_acknowledged_alone(bot: RunningBot) -> None:
    assert (await bot.slack.command("version", command="/deploy")).status == 200
    await bot.slack.command("whoami")
    await bot.slack.until(bot.slack.ephemerals)
    assert len(bot.slack.ephemerals()) == 1


async def test_only_one_path_and_method_are_served(bot: RunningBot) -> None:
    url = yarl.URL(str(bot.slack.request_url))
    async with aiohttp.ClientSession() as session:
        for path in ("/", "/slack", "/slack/events/", "/metrics", "/healthz"):
            http = SignedHttp(
                session=session, url=str(url.with_path(path)), secret=bot.slack.signing_secret
            )
            assert (await http.command({"command": "/appgw", "text": "version"})).status == 404
        async with session.get(url) as answer:
            assert answer.status in {401, 405}
    assert not bot.slack.ephemerals()


def _logged(caplog: pytest.LogCaptureFixture) -> int:
    """Bytes of log, tracebacks included; a busy machine may block the event loop."""
    formatter = RedactingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    records = [one for one in caplog.records if one.name != loop_lag.log.name]
    return sum(len(formatter.format(record).encode()) + 1 for record in records)


async def test_unsigned_ssl_check_leaves_little_log(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    for kind in (JSON, FORM):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            for _ in range(10):
                assert await _post(bot, b"ssl_check=1", {"Content-Type": kind}) == 200
        assert _logged(caplog) <= 10 * 300, kind


GARBAGE = {
    "version": b"GET / HTTP/9.9\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "bad length": b"POST /slack/events HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    "long header": (
        b"POST /slack/events HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"
    ),
    "large body": (
        b"POST /slack/events HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n"
        + b"a" * 2_000_000
    ),
}


async def test_garbage_on_the_port_leaves_little_log(
    bot: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    for named, sent in GARBAGE.items():
        caplog.clear()
        with caplog.at_level(logging.INFO):
            reader, writer = await _send(bot, sent)
            with suppress(ConnectionError):
                await writer.drain()
                assert (await reader.read(12)).startswith((b"HTTP/1.", b"")), named
            writer.close()
        assert _logged(caplog) <= 300, named


async def _send(bot: RunningBot, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection to the port and write to it."""
    port = yarl.URL(str(bot.slack.request_url)).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    return reader, writer


async def test_half_sent_request_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a head, half a body, and nothing."""
    monkeypatch.setattr("bot.observability.listening.IDLE_S", 0.5)
    monkeypatch.setattr("bot.slack.transport.receiver.BODY_S", 0.5)
    async with running_bot() as bot:
        head = b"POST /slack/events HTTP/1.1\r\nHost: a\r\n"
        half_a_body = head + b"Content-Length: 100\r\n\r\ntext"
        opened = {sent: await _send(bot, sent) for sent in (head, half_a_body, b"")}
        for sent, (reader, writer) in opened.items():
            answer = await within_limit(reader.read())
            writer.close()
            assert reader.at_eof(), sent
            assert b" 200 " not in answer, sent


async def test_slack_may_look_at_the_port_s_certificate(bot: RunningBot) -> None:
    assert await _post(bot, b"ssl_check=1&token=x", {"Content-Type": FORM}) == 200


async def test_signature_five_minutes_old_is_refused(bot: RunningBot) -> None:
    old = str(int(time.time()) - 301)
    headers = {
        "X-Slack-Request-Timestamp": old,
        "X-Slack-Signature": signature(bot.slack.signing_secret, old, "command=x"),
    }
    assert await _post(bot, b"command=x", headers | {"Content-Type": FORM}) == 401
