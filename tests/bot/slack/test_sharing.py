"""Slack asked whether others can read a channel: once, within bounds, and never guessed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.outbound import sharing
from bot.slack.outbound.sharing import ChannelSharing, can_be_read_outside

Json = dict[str, Any]


class Slack:
    """Answers `conversations.info`, and counts; waits while `hold` is not set."""

    def __init__(self) -> None:
        self.answer: Json = {"ok": True, "channel": {"is_ext_shared": False}}
        self.calls: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def info(self, request: web.Request) -> web.Response:
        """What was put down, for any channel."""
        fields = {**request.query, **await request.post()}
        self.calls.append(str(fields["channel"]))
        await self.hold.wait()
        return web.json_response(self.answer)


@pytest.fixture
async def slack() -> AsyncIterator[tuple[Slack, ChannelSharing]]:
    peer = Slack()
    application = web.Application()
    application.router.add_route("*", "/api/conversations.info", peer.info)
    async with TestServer(application) as server:
        client = AsyncWebClient(token="xoxb-1", base_url=str(server.make_url("/api/")))
        yield peer, ChannelSharing(client=client)
        peer.hold.set()


@pytest.mark.parametrize(
    ("channel", "outside"),
    [
        pytest.param({"is_ext_shared": True}, True, id="shared"),
        pytest.param(
            {"is_ext_shared": False, "is_pending_ext_shared": True}, True, id="about-to-be-shared"
        ),
        pytest.param({"is_ext_shared": False, "pending_shared": ["T9"]}, True, id="invited"),
        pytest.param(
            {"is_shared": True, "is_org_shared": True, "is_ext_shared": False},
            False,
            id="own-organisation",
        ),
        pytest.param(
            {"is_shared": True, "is_org_shared": True, "is_ext_shared": True},
            True,
            id="own-organisation-and-others",
        ),
        pytest.param({"is_ext_shared": False, "pending_shared": []}, False, id="own"),
        pytest.param({"is_ext_shared": "true"}, None, id="no-flag"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_flags_of_a_channel_are_told_apart(
    channel: Json,
    outside: bool | None,  # noqa: FBT001 -- a row of the table
) -> None:
    assert can_be_read_outside(channel) is outside


async def test_channel_is_asked_once_until_it_changes(
    slack: tuple[Slack, ChannelSharing],
) -> None:
    peer, asked = slack
    assert await asyncio.gather(*(asked.is_shared("C1") for _ in range(5))) == [False] * 5
    assert peer.calls == ["C1"]
    peer.answer = {"ok": True, "channel": {"is_ext_shared": True}}
    assert await asked.is_shared("C1") is False
    asked.forget("C1")
    assert await asked.is_shared("C1") is True
    assert peer.calls == ["C1", "C1"]


async def test_answer_of_before_a_change_is_not_kept(slack: tuple[Slack, ChannelSharing]) -> None:
    peer, asked = slack
    peer.hold.clear()
    waiting = asyncio.create_task(asked.is_shared("C1"))
    while not peer.calls:  # noqa: ASYNC110 -- another task is waited for
        await asyncio.sleep(0)
    asked.forget("C1")
    peer.hold.set()
    await waiting
    peer.answer = {"ok": True, "channel": {"is_ext_shared": True}}
    assert await asked.is_shared("C1") is True


@pytest.mark.parametrize("error", ["missing_scope", "channel_not_found", "internal_error", "odd"])
async def test_refusal_leaves_it_unknown(slack: tuple[Slack, ChannelSharing], error: str) -> None:
    peer, asked = slack
    peer.answer = {"ok": False, "error": error}
    assert [await asked.is_shared("C1") for _ in range(3)] == [None] * 3
    assert peer.calls == ["C1"]


async def test_direct_messages_are_not_asked(slack: tuple[Slack, ChannelSharing]) -> None:
    peer, asked = slack
    assert await asked.is_shared("D1") is None
    assert peer.calls == []


async def test_nothing_is_asked_without_the_scopes(slack: tuple[Slack, ChannelSharing]) -> None:
    peer, asked = slack
    asked.granted = False
    assert await asked.is_shared("C1") is None
    assert peer.calls == []


async def test_slow_slack_delays_nobody_and_is_used_later(
    slack: tuple[Slack, ChannelSharing], monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, asked = slack
    monkeypatch.setattr(sharing, "PATIENCE_S", 0.01)
    peer.hold.clear()
    peer.answer = {"ok": True, "channel": {"is_ext_shared": True}}
    assert await asked.is_shared("C1") is None
    monkeypatch.setattr(sharing, "PATIENCE_S", 30.0)
    peer.hold.set()
    assert await asked.is_shared("C1") is True
    assert peer.calls == ["C1"]


async def test_what_is_kept_and_asked_is_bounded(
    slack: tuple[Slack, ChannelSharing], monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, asked = slack
    monkeypatch.setattr(sharing, "MAX_KEPT", 3)
    for number in range(6):
        await asked.is_shared(f"C{number}")
    assert len(asked._kept) == 3
    peer.calls.clear()
    peer.hold.clear()
    monkeypatch.setattr(sharing, "PATIENCE_S", 0.0)
    for number in range(sharing.MAX_ASKED_AT_ONCE + 5):
        assert await asked.is_shared(f"G{number}") is None
    assert len(asked._asking) == sharing.MAX_ASKED_AT_ONCE
