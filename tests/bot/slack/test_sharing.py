"""Slack asked whether others can read a channel: once, within bounds, and never guessed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.sharing import Sharing
from bot.slack.outbound import sharing
from bot.slack.outbound.calling import Caller
from bot.slack.outbound.sharing import ChannelSharing, can_be_read_outside

Json = dict[str, Any]


class Slack:
    """Answers both methods, and counts; waits while `hold` is not set.

    `listed` are the channels of the list, a page of two each; `None` refuses the list.
    """

    def __init__(self) -> None:
        self.listed: list[Json] | None = []
        self.lists: list[str] = []
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

    async def own(self, request: web.Request) -> web.Response:
        """A page of the list."""
        cursor = request.query.get("cursor", "")
        self.lists.append(cursor)
        await self.hold.wait()
        if self.listed is None:
            return web.json_response({"ok": False, "error": "missing_scope"})
        start = int(cursor or 0)
        following = str(start + 2) if start + 2 < len(self.listed) else ""
        return web.json_response(
            {
                "ok": True,
                "channels": self.listed[start : start + 2],
                "response_metadata": {"next_cursor": following},
            }
        )


@pytest.fixture
async def slack() -> AsyncIterator[tuple[Slack, ChannelSharing]]:
    peer = Slack()
    application = web.Application()
    application.router.add_route("*", "/api/conversations.info", peer.info)
    application.router.add_route("*", "/api/users.conversations", peer.own)
    async with TestServer(application) as server:
        client = AsyncWebClient(token="xoxb-1", base_url=str(server.make_url("/api/")))
        yield peer, ChannelSharing(client=client, patience=30.0)
        peer.hold.set()


@pytest.mark.parametrize(
    ("channel", "outside"),
    [
        pytest.param({"is_ext_shared": True}, Sharing.SHARED, id="shared"),
        pytest.param(
            {"is_ext_shared": False, "is_pending_ext_shared": True},
            Sharing.SHARED,
            id="about-to-be-shared",
        ),
        pytest.param(
            {"is_ext_shared": False, "pending_shared": ["T9"]}, Sharing.SHARED, id="invited"
        ),
        pytest.param(
            {"is_shared": True, "is_org_shared": True, "is_ext_shared": False},
            Sharing.OWN,
            id="own-organisation",
        ),
        pytest.param(
            {"is_shared": True, "is_org_shared": True, "is_ext_shared": True},
            Sharing.SHARED,
            id="own-organisation-and-others",
        ),
        pytest.param({"is_ext_shared": False, "pending_shared": []}, Sharing.OWN, id="own"),
        pytest.param({"is_ext_shared": "true"}, Sharing.UNSAID, id="no-flag"),
        pytest.param({}, Sharing.UNSAID, id="nothing"),
    ],
)
def test_flags_of_a_channel_are_distinguished(
    channel: Json,
    outside: Sharing,
) -> None:
    assert can_be_read_outside(channel) is outside


async def test_channel_is_asked_once_until_it_changes(
    slack: tuple[Slack, ChannelSharing],
) -> None:
    peer, asked = slack
    assert await asyncio.gather(*(asked.of("C1") for _ in range(5))) == [Sharing.OWN] * 5
    assert peer.calls == ["C1"]
    peer.answer = {"ok": True, "channel": {"is_ext_shared": True}}
    assert await asked.of("C1") is Sharing.OWN
    asked.forget("C1")
    assert await asked.of("C1") is Sharing.SHARED
    assert peer.calls == ["C1", "C1"]


async def test_answer_of_before_a_change_is_not_kept(slack: tuple[Slack, ChannelSharing]) -> None:
    peer, asked = slack
    peer.hold.clear()
    waiting = asyncio.create_task(asked.of("C1"))
    while not peer.calls:  # noqa: ASYNC110 -- another task is waited for
        await asyncio.sleep(0)
    asked.forget("C1")
    peer.hold.set()
    await waiting
    peer.answer = {"ok": True, "channel": {"is_ext_shared": True}}
    assert await asked.of("C1") is Sharing.SHARED


@pytest.mark.parametrize("error", ["missing_scope", "channel_not_found", "odd"])
async def test_refusal_leaves_it_unsaid(slack: tuple[Slack, ChannelSharing], error: str) -> None:
    peer, asked = slack
    peer.answer = {"ok": False, "error": error}
    assert [await asked.of("C1") for _ in range(3)] == [Sharing.UNSAID] * 3
    assert peer.calls == ["C1"]


@pytest.mark.parametrize("error", ["internal_error", "ratelimited", "service_unavailable"])
async def test_failure_is_no_answer_and_asked_anew(
    slack: tuple[Slack, ChannelSharing], error: str
) -> None:
    peer, asked = slack
    peer.answer = {"ok": False, "error": error}
    assert await asked.of("C1") is Sharing.UNANSWERED
    peer.answer = {"ok": True, "channel": {"is_ext_shared": False}}
    asked.caller = Caller()  # nothing is closed by the 429
    assert await asked.of("C1") is Sharing.OWN


async def test_answer_of_before_counts_for_an_hour(slack: tuple[Slack, ChannelSharing]) -> None:
    peer, asked = slack
    time = [0.0]
    asked.now = lambda: time[0]
    assert await asked.of("C1") is Sharing.OWN
    peer.answer = {"ok": False, "error": "internal_error"}
    time[0] = sharing.KEPT_S + 1
    assert await asked.of("C1") is Sharing.OWN
    time[0] = sharing.KEPT_S + sharing.STALE_S + 1
    assert await asked.of("C1") is Sharing.UNANSWERED


async def test_direct_messages_are_not_asked(slack: tuple[Slack, ChannelSharing]) -> None:
    peer, asked = slack
    assert await asked.of("D1") is Sharing.UNSAID
    assert peer.calls == []


async def test_nothing_is_asked_without_the_scopes(slack: tuple[Slack, ChannelSharing]) -> None:
    peer, asked = slack
    asked.granted = False
    assert await asked.of("C1") is Sharing.UNSAID
    assert peer.calls == []


async def test_slow_slack_delays_nobody_and_is_used_later(
    slack: tuple[Slack, ChannelSharing],
) -> None:
    peer, asked = slack
    asked.patience = 0.01
    peer.hold.clear()
    peer.answer = {"ok": True, "channel": {"is_ext_shared": True}}
    assert await asked.of("C1") is Sharing.UNANSWERED
    asked.patience = 30.0
    peer.hold.set()
    assert await asked.of("C1") is Sharing.SHARED
    assert peer.calls == ["C1"]


async def test_what_is_kept_and_asked_is_bounded(
    slack: tuple[Slack, ChannelSharing], monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, asked = slack
    monkeypatch.setattr(sharing, "MAX_KEPT", 3)
    for number in range(6):
        await asked.of(f"C{number}")
    assert len(asked._kept) == 3
    peer.calls.clear()
    peer.hold.clear()
    asked.patience = 0.0
    monkeypatch.setattr(sharing, "MAX_WAITING", 12)
    for number in range(sharing.MAX_WAITING + 5):
        assert await asked.of(f"G{number}") is Sharing.UNANSWERED
    assert len(asked._asking) == sharing.MAX_WAITING
    assert len(peer.calls) <= sharing.AT_ONCE


def described(name: str, **flags: bool | None) -> Json:
    """A channel as the list shows it."""
    return {"id": name, "is_ext_shared": False, "is_pending_ext_shared": False, **flags}


MANY = [f"C{number:02}" for number in range(sharing.SINGLE_LOOKUPS + 4)]


async def ask_all(peer: Slack, asked: ChannelSharing) -> dict[str, Sharing]:
    """Ask about all of them while Slack answers none."""
    peer.hold.clear()
    waiting = [asyncio.create_task(asked.of(name)) for name in MANY]
    while not peer.lists:  # noqa: ASYNC110 -- another task is waited for
        await asyncio.sleep(0)
    peer.hold.set()
    return dict(zip(MANY, await asyncio.gather(*waiting), strict=True))


async def test_many_channels_are_read_from_one_list(slack: tuple[Slack, ChannelSharing]) -> None:
    peer, asked = slack
    peer.listed = [described(name, is_ext_shared=name == MANY[-1]) for name in MANY]
    found = await ask_all(peer, asked)
    assert {name for name, said in found.items() if said is Sharing.SHARED} == {MANY[-1]}
    assert len(peer.calls) == sharing.SINGLE_LOOKUPS
    assert len(peer.lists) == len(MANY) / 2


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(None, id="refused"),
        pytest.param([], id="not-in-it"),
        pytest.param([{"id": name} for name in MANY], id="no-flags"),
        pytest.param([described(name, is_ext_shared=None) for name in MANY], id="half-a-flag"),
    ],
)
async def test_channel_that_no_list_decides_is_asked(
    slack: tuple[Slack, ChannelSharing], listed: list[Json] | None
) -> None:
    peer, asked = slack
    peer.listed = listed
    peer.answer = {"ok": True, "channel": {"is_ext_shared": True}}
    assert set((await ask_all(peer, asked)).values()) == {Sharing.SHARED}
    assert sorted(peer.calls) == MANY


async def test_list_of_before_a_change_is_not_kept(slack: tuple[Slack, ChannelSharing]) -> None:
    peer, asked = slack
    peer.listed = [described(name) for name in MANY]
    peer.hold.clear()
    waiting = [asyncio.create_task(asked.of(name)) for name in MANY]
    while not peer.lists:  # noqa: ASYNC110 -- another task is waited for
        await asyncio.sleep(0)
    asked.forget(MANY[-1])
    peer.answer = {"ok": True, "channel": {"is_ext_shared": True}}
    peer.hold.set()
    await asyncio.gather(*waiting)
    assert await asked.of(MANY[-1]) is Sharing.SHARED
    assert await asked.of(MANY[-2]) is Sharing.OWN
